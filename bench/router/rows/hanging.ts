import { setTimeout as passed } from 'node:timers/promises'
import type { Conversation } from '@chatlane/core'
import { emptyRedis } from '../../redis/empty.ts'
import { count, times } from '../../report/numbers.ts'
import type { Context, Outcome, Row } from '../../row.ts'
import { spread } from '../../spread.ts'
import { HANGS } from '../../upstream/messages.ts'
import { startUpstream, type Upstream } from '../../upstream/upstream.ts'
import { write } from '../filling.ts'
import { Latencies } from '../latencies.ts'
import { openRouter, type Router } from '../router.ts'
import { percentile } from '../samples.ts'
import { likeTalked } from '../talked.ts'

const CONVERSATIONS = 2_000
const HANGING_OF = 100
const PER_SECOND = 100
const MEASURED_MS = 25_000
const WARM_UP_MS = 3_000
const DELAY_MS = 100
const MOST = 1.1
/** So long the last answers are waited for. */
const LAST_ANSWERS_MS = 15_000

/** Row 7: a conversation that hangs harms itself only. */
export const hanging: Row = {
  n: 7,
  name: 'one conversation in a hundred hangs for a minute',
  what:
    'Two workers side by side, each with as many conversations that write at the same rate; in one of them one conversation in ' +
    'a hundred waits for an answer that takes a minute. Time from acceptance to answer of all the others.',
  reachText: `p99 of the others ≤ ${MOST} × the same without`,
  measure,
}

interface Percentiles {
  p50: number
  p99: number
}
type Round = Record<'hanging' | 'without', Percentiles>

async function measure(context: Context): Promise<Outcome> {
  const conversations = context.sized(CONVERSATIONS, HANGING_OF)
  const forMs = context.sized(MEASURED_MS, 1_000)
  const rounds: Round[] = []
  for (let round = 0; round < context.rounds; round++) {
    context.progress(`  round ${round + 1} of ${context.rounds}:`)
    const measured = await sideBySide(context, conversations, forMs, round % 2 === 0)
    rounds.push(measured)
    context.progress(` p99 ${measured.hanging.p99.toFixed(0)} ms, without ${measured.without.p99.toFixed(0)} ms\n`)
  }
  const of = (pick: (round: Round) => number) => spread(rounds.map(pick))
  const ratio = (pick: (side: Percentiles) => number) => of((round) => pick(round.hanging) / pick(round.without))
  const line = (title: string, side: keyof Round) => [
    title,
    times(of((round) => round[side].p50)),
    times(of((round) => round[side].p99)),
  ]
  return {
    name: `${count(conversations / HANGING_OF)} of ${count(conversations)} conversations hang, ${PER_SECOND} messages/s`,
    value: of((round) => round.hanging.p99),
    unit: 'ms',
    against: { without: of((round) => round.without.p99).median },
    ratio: { p99: { value: ratio(({ p99 }) => p99), reach: { most: MOST } } },
    table: [
      ['', 'p50 ms', 'p99 ms'],
      line('the others, while one in a hundred hangs', 'hanging'),
      line('the same without', 'without'),
    ],
    notes: [
      `UponAI takes ${DELAY_MS} ms; p99 ${times(ratio(({ p99 }) => p99))}, p50 ${times(ratio(({ p50 }) => p50))}`,
    ],
  }
}

/** Both at the same time, so that what else the machine does meets both. */
async function sideBySide(
  { redisUrl, profileTo }: Context,
  conversations: number,
  forMs: number,
  first: boolean,
): Promise<Round> {
  await emptyRedis(redisUrl)
  const upstream = await startUpstream()
  const open = (prefix: string) => openRouter({ redisUrl, prefix, upstream, profileTo })
  const routers: Router[] = []
  try {
    for (const prefix of ['one', 'other']) routers.push(await open(prefix))
    const [one, other] = await Promise.all(routers.map((router) => people(router, redisUrl, conversations)))
    if (!one || !other) throw new Error('expected two routers')
    return await compare(upstream, first ? one : other, first ? other : one, forMs)
  } finally {
    await Promise.all(routers.map((router) => router.close()))
    await upstream.stop()
  }
}

interface People {
  router: Router
  latencies: Latencies
  /** One in a hundred; the same on both sides, though on one of them they do not hang. */
  few: Conversation[]
  others: Conversation[]
}

async function people(router: Router, redisUrl: string, conversations: number): Promise<People> {
  await router.startWorker()
  const all = await likeTalked(router, conversations)
  return {
    router,
    latencies: await Latencies.listen(router, redisUrl),
    few: all.filter((_, n) => n % HANGING_OF === 0),
    others: all.filter((_, n) => n % HANGING_OF !== 0),
  }
}

async function compare(upstream: Upstream, hanging: People, without: People, forMs: number): Promise<Round> {
  upstream.setDelay(DELAY_MS)
  await write(hanging.router, hanging.few, hanging.few.length, HANGS.word)
  const sides = [hanging, without]
  let n = 0
  const writing = setInterval(() => {
    for (const { latencies, others } of sides) {
      const next = others[n % others.length]
      // A rejection ends the benchmark, as it should.
      if (next) void latencies.write(next)
    }
    n++
  }, 1_000 / PER_SECOND)
  try {
    await passed(WARM_UP_MS)
    for (const { latencies } of sides) latencies.reset()
    await passed(forMs)
  } finally {
    clearInterval(writing)
  }
  for (const deadline = Date.now() + LAST_ANSWERS_MS; sides.some(({ latencies }) => latencies.open > 0); ) {
    if (Date.now() > deadline) throw new Error('expected every message of the others to be answered')
    await passed(50)
  }
  await Promise.all(sides.map(({ latencies }) => latencies.close()))
  return { hanging: percentiles(hanging.latencies.ms), without: percentiles(without.latencies.ms) }
}

function percentiles(ms: readonly number[]): Percentiles {
  return { p50: percentile(ms, 50), p99: percentile(ms, 99) }
}
