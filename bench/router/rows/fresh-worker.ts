import { setTimeout as passed } from 'node:timers/promises'
import { count, times } from '../../report/numbers.ts'
import type { Context, Outcome, Row } from '../../row.ts'
import { spread } from '../../spread.ts'
import type { Answered } from '../../upstream/upstream.ts'
import { write } from '../filling.ts'
import { onRouter } from '../on-router.ts'
import { fullSpeedAt } from '../rate.ts'
import type { Router } from '../router.ts'
import { likeTalked } from '../talked.ts'

const MESSAGES = 100_000
const MESSAGES_EACH = 10
const MOST_SECONDS = 2
/** So long the fresh worker is watched from its first answer on. */
const WATCHED_MS = 12_000
const LOOK_EVERY_MS = 100

/** Row 11: a worker that is started, or started again, is of use at once. */
export const freshWorker: Row = {
  n: 11,
  name: `a fresh worker meets ${count(MESSAGES)} waiting messages`,
  what:
    'A worker process is started while messages wait: from its start until it is ready, and until it answers as fast as it ' +
    'does later on (the first quarter of a second with 90 % of the speed of the middle).',
  reachText: `start to full speed ≤ ${MOST_SECONDS} s`,
  measure,
}

/** Seconds since the process was started. */
interface Start {
  ready: number
  fullSpeed: number
  perSecond: number
}

async function measure(context: Context): Promise<Outcome> {
  const messages = context.sized(MESSAGES, 500)
  const watchedMs = context.sized(WATCHED_MS, 2_000)
  const starts = await onRouter(context, (router) => work(router, context, messages, watchedMs))
  const of = (pick: (start: Start) => number) => spread(starts.map(pick))
  const full = of((it) => it.fullSpeed)
  return {
    name: `a fresh worker meets ${count(messages)} waiting messages`,
    value: full,
    unit: 's',
    against: { ready: of((it) => it.ready).median },
    ratio: { seconds: { value: full, reach: { most: MOST_SECONDS } } },
    table: [
      ['', 'seconds'],
      ['start to ready', times(of((it) => it.ready))],
      ['ready to full speed', times(of((it) => it.fullSpeed - it.ready))],
      ['start to full speed', times(full)],
    ],
    notes: [`full speed: ${count(of((it) => it.perSecond).median)} messages/s`],
  }
}

async function work(router: Router, context: Context, messages: number, watchedMs: number): Promise<Start[]> {
  const first = await router.startWorker()
  const conversations = await likeTalked(router, Math.ceil(messages / MESSAGES_EACH))
  await first.stop()
  const starts: Start[] = []
  let missing = messages
  for (let round = 0; round < context.rounds; round++) {
    context.progress(`  round ${round + 1} of ${context.rounds}:`)
    await write(router, conversations, missing)
    await router.upstream.answered()
    const worker = await router.startWorker()
    const slices = await watch(router, watchedMs)
    await worker.stop()
    const { at, perSecond } = fullSpeedAt(slices)
    const [ready, fullSpeed] = [worker.readyAt, at].map((time) => (time - worker.spawnedAt) / 1_000)
    if (ready === undefined || fullSpeed === undefined) throw new Error('expected the times of a start')
    starts.push({ ready, fullSpeed, perSecond })
    context.progress(` ready ${ready.toFixed(1)} s, full speed ${fullSpeed.toFixed(1)} s\n`)
    const rest = (await router.upstream.answered()).slices
    missing = [...slices, ...rest].reduce((sum, [, answered]) => sum + answered, 0)
  }
  return starts
}

/** What is answered within that time after the first answer, if there is that much to answer. */
async function watch(router: Router, forMs: number): Promise<Answered['slices']> {
  const slices: Answered['slices'] = []
  for (let until = Number.POSITIVE_INFINITY; Date.now() < until; await passed(LOOK_EVERY_MS)) {
    // Asked first: what was answered before it said that nothing waits is told after that.
    const waits = (await router.lanesWithMail()) > 0
    slices.push(...(await router.upstream.answered()).slices)
    if (!waits) break
    if (slices.length > 0) until = Math.min(until, Date.now() + forMs)
  }
  return slices
}
