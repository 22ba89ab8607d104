import { count, range, times } from '../../report/numbers.ts'
import type { Context, Outcome, Row } from '../../row.ts'
import { type Spread, spread } from '../../spread.ts'
import { type Cost, countCost } from '../cost.ts'
import { drain, type Tenth } from '../drain.ts'
import { write } from '../filling.ts'
import { onRouter } from '../on-router.ts'
import type { Router } from '../router.ts'
import { median } from '../samples.ts'
import { likeTalked } from '../talked.ts'

const MESSAGES = 100_000
const MESSAGES_EACH = 10
const MOST = 1.1

/** Row 9: a backlog costs nothing but its messages. */
export const backlog: Row = {
  n: 9,
  name: `${count(MESSAGES)} messages waiting`,
  what:
    'Messages wait in ten times fewer conversations while one worker answers them, with an UponAI that answers at once: time ' +
    "per message and the worker's memory, tenth by tenth.",
  reachText: `time per message and memory of the second half ≤ ${MOST} × the first half's`,
  measure,
}

type Round = Cost & { tenths: Tenth[] }

async function measure(context: Context): Promise<Outcome> {
  const messages = context.sized(MESSAGES, 100)
  const rounds: Round[] = []
  for (let round = 0; round < context.rounds; round++) {
    context.progress(`  round ${round + 1} of ${context.rounds}:`)
    const measured = await onRouter(context, (router) => work(router, messages))
    rounds.push(measured)
    context.progress(` ${Math.round(median(measured.tenths.map((it) => it.microsEach)))} µs per message\n`)
  }
  const halves = (pick: (tenth: Tenth) => number) => spread(rounds.map(({ tenths }) => growth(tenths.map(pick))))
  const tenth = (n: number, pick: (tenth: Tenth) => number): Spread =>
    spread(rounds.flatMap(({ tenths }) => (tenths[n] ? [pick(tenths[n])] : [])))
  const all = (pick: (tenth: Tenth) => number) => spread(rounds.map(({ tenths }) => median(tenths.map(pick))))
  const lines = (rounds[0]?.tenths ?? []).map((_, n) => {
    const time = tenth(n, (it) => it.microsEach)
    return [
      `tenth ${n + 1}`,
      count(time.median),
      range(time),
      megabytes(tenth(n, (it) => it.heapUsed).median),
      megabytes(tenth(n, (it) => it.rss).median),
    ]
  })
  const cost = (pick: (round: Round) => number) => Math.round(spread(rounds.map(pick)).median)
  return {
    name: `${count(messages)} messages waiting in ${count(messages / MESSAGES_EACH)} conversations, one worker`,
    value: all((it) => it.microsEach),
    unit: 'µs/message',
    against: {
      'the first half': spread(rounds.map(({ tenths }) => median(firstHalf(tenths.map((it) => it.microsEach))))).median,
    },
    ratio: {
      time: { value: halves((it) => it.microsEach), reach: { most: MOST } },
      heap: { value: halves((it) => it.heapUsed), reach: { most: MOST } },
      rss: { value: halves((it) => it.rss), reach: { most: MOST } },
    },
    table: [['', 'µs/message', 'min–max', 'heap MB after gc', 'RSS MB'], ...lines],
    notes: [
      `second half to first half: time ${times(halves((it) => it.microsEach))}, heap ${times(halves((it) => it.heapUsed))}, ` +
        `RSS ${times(halves((it) => it.rss))}; CPU µs per message: worker ${cost((it) => it.workerMicros)}, ` +
        `Redis ${cost((it) => it.redisMicros)}`,
    ],
    plots: [
      {
        file: 'backlog',
        title: 'Time per message while a backlog is worked off',
        kind: 'lines',
        x: { title: 'tenth of the messages' },
        y: { title: 'µs per message' },
        points: lines.map((_, n) => {
          const { median: y, min: low, max: high } = tenth(n, (it) => it.microsEach)
          return { series: 'one worker', x: n + 1, y, low, high }
        }),
      },
    ],
  }
}

async function work(router: Router, messages: number): Promise<Round> {
  const worker = await router.startWorker()
  const conversations = await likeTalked(router, Math.ceil(messages / MESSAGES_EACH))
  await router.pause()
  await write(router, conversations, messages)
  await router.upstream.answered()
  const costs = await countCost(router, worker)
  await router.resume()
  const tenths = await drain(router, worker, messages)
  return { tenths, ...(await costs(messages)) }
}

function firstHalf(values: readonly number[]): number[] {
  return values.slice(0, values.length / 2)
}

/** Medians of the halves, the second one's to the first one's. */
function growth(values: readonly number[]): number {
  return median(values.slice(values.length / 2)) / median(firstHalf(values))
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}
