import { inRounds } from '../../in-rounds.ts'
import { count, range, times } from '../../report/numbers.ts'
import type { Context, Outcome, Row } from '../../row.ts'
import { spread } from '../../spread.ts'
import { type Cost, countCost } from '../cost.ts'
import { drained, write } from '../filling.ts'
import { onRouter } from '../on-router.ts'
import { rateBetween } from '../rate.ts'
import type { Router } from '../router.ts'
import { likeTalked } from '../talked.ts'

const IN_PROGRESS = 5_000
const REACH = 0.95

/** Times that every place is taken and given back: the first fills them, the last empties them, what is between counts. */
const WAVES = 5

interface Side {
  shards: number
  delayMs: number
}

const sides = {
  '2 s, 1 queue': { shards: 1, delayMs: 2_000 },
  '2 s, 4 queues': { shards: 4, delayMs: 2_000 },
  '2 s, 8 queues': { shards: 8, delayMs: 2_000 },
  '10 s, 1 queue': { shards: 1, delayMs: 10_000 },
} satisfies Record<string, Side>
type SideName = keyof typeof sides
const sideNames = ['2 s, 1 queue', '2 s, 4 queues', '2 s, 8 queues', '10 s, 1 queue'] as const satisfies SideName[]

/** Row 6: thousands of slow answers at once in one worker process. */
export const inProgress: Row = {
  n: 6,
  name: `one worker process, ${count(IN_PROGRESS)} conversations in progress`,
  what:
    'Answers that take 2 s each, as many at once as the worker may have in progress: answers per second against the ideal. ' +
    'The same with answers that take 10 s shows what the places cost when the CPU has time.',
  reachText: `≥ ${REACH} × the ideal (places / 2 s)`,
  measure,
}

interface Measured extends Cost {
  perSecond: number
  ofIdeal: number
}

async function measure(context: Context): Promise<Outcome> {
  const places = context.sized(IN_PROGRESS, 10)
  const slower = context.sized(1_000) / 1_000
  const rounds = await inRounds(context, sideNames, async (side: SideName) => {
    const { shards, delayMs } = sides[side]
    // A tiny run is not to take as long as a full one.
    const takes = Math.max(delayMs * Math.min(slower, 1), 100)
    const { redisUrl, profileTo } = context
    const options = { redisUrl, profileTo, shards, concurrency: places }
    const measured = await onRouter(options, (router) => work(router, places, takes))
    return { measured, told: `${count(measured.perSecond)}/s` }
  })
  const of = (side: SideName, pick: (measured: Measured) => number) =>
    spread(rounds.map((round) => pick(round.get(side) ?? nothing)))
  const line = (side: SideName) => [
    side,
    count(of(side, (it) => it.perSecond).median),
    range(of(side, (it) => it.perSecond)),
    times(of(side, (it) => it.ofIdeal)),
    `${Math.round(of(side, (it) => it.workerMicros).median)} + ${Math.round(of(side, (it) => it.redisMicros).median)}`,
  ]
  return {
    name: `one worker process, ${count(places)} conversations in progress`,
    value: of('2 s, 1 queue', (it) => it.perSecond),
    unit: 'answers/s',
    against: { ideal: places / 2 },
    ratio: Object.fromEntries(
      sideNames.map((side) => {
        const value = of(side, (it) => it.ofIdeal)
        return [side, side === '2 s, 1 queue' ? { value, reach: { least: REACH } } : { value }]
      }),
    ),
    table: [['', 'answers/s', 'min–max', 'of the ideal', 'CPU µs worker + Redis'], ...sideNames.map(line)],
  }
}

const nothing: Measured = { perSecond: 0, ofIdeal: 0, workerMicros: 0, redisMicros: 0 }

async function work(router: Router, places: number, delayMs: number): Promise<Measured> {
  const { upstream } = router
  const worker = await router.startWorker()
  const conversations = await likeTalked(router, WAVES * places)
  const messages = WAVES * places
  await router.pause()
  await write(router, conversations, messages)
  upstream.setDelay(delayMs)
  await upstream.answered()
  const costs = await countCost(router, worker)
  await router.resume()
  await drained(router, 250)
  const cost = await costs(messages)
  const { slices } = await upstream.answered()
  const answered = slices.reduce((sum, [, count]) => sum + count, 0)
  if (answered !== messages) throw new Error(`expected ${messages} answers, there were ${answered}`)
  const perSecond = rateBetween(slices, places, messages - places)
  return { ...cost, perSecond, ofIdeal: perSecond / (places / (delayMs / 1_000)) }
}
