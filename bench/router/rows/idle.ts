import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Conversation } from '@chatlane/core'
import { startRedisServer } from '@chatlane/dev'
import { count, times } from '../../report/numbers.ts'
import type { Context, Outcome, Row } from '../../row.ts'
import { type Spread, spread } from '../../spread.ts'
import { cloneConversations } from '../clones.ts'
import { type ByKind, bytesByKind, bytesOfSeenMark, usedMemory } from '../footprint.ts'
import { type Filled, type Timed, timeInTurn } from '../message-time.ts'
import { onRouter } from '../on-router.ts'
import type { Router } from '../router.ts'
import { talkedConversations } from '../talked.ts'

/** The first of them made through the router, the others copies of these. */
const SIZES = [10_000, 100_000, 1_000_000]
/** And as many answers. */
const MESSAGES_EACH = 5
/** Conversations copied at a time. */
const PAGE = 10_000
const MOST_BYTES = 3_000
const MOST_CLOSING_BYTES = 250
const MOST_SLOWER = 1.1

/** Row 8: what a conversation costs in which nothing happens. */
export const idle: Row = {
  n: 8,
  name: `idle conversations: ${SIZES.map(count).join(', ')}`,
  what: 'Memory of Redis per open conversation with 10 messages of 80 characters, and the time of a message while so many are there.',
  reachText:
    `≤ ${count(MOST_BYTES)} bytes in all, of which the closing timer ≤ ${MOST_CLOSING_BYTES}; ` +
    `time per message at most ${MOST_SLOWER} × that with the fewest`,
  measure,
}

interface Stage {
  conversations: number
  /** Per conversation that came with this stage. */
  bytes: number
  kinds: ByKind
  timed: Timed[]
}

async function measure(context: Context): Promise<Outcome> {
  const sizes = SIZES.map((size) => context.sized(size, 100))
  const { stages, seenMark } = await besideFewest(context, sizes)
  const bytes = spread(stages.map((stage) => stage.bytes))
  const worst = (value: number): Spread => ({ median: value, min: value, max: value })
  const slower = stages.map(({ conversations, timed }) => ({
    conversations,
    value: spread(timed.map(({ micros, fewest }) => micros / fewest)),
  }))
  return {
    name: `idle conversations with ${2 * MESSAGES_EACH} messages: ${sizes.map(count).join(', ')}`,
    value: bytes,
    unit: 'bytes/conversation',
    against: { 'most that is meant': MOST_BYTES },
    ratio: {
      bytes: { value: worst(bytes.max), reach: { most: MOST_BYTES } },
      'closing timer': {
        value: worst(Math.max(...stages.map(({ kinds }) => kinds.closing))),
        reach: { most: MOST_CLOSING_BYTES },
      },
      ...Object.fromEntries(
        slower
          .slice(1)
          .map(({ conversations, value }) => [
            `time at ${count(conversations)}`,
            { value, reach: { most: MOST_SLOWER } },
          ]),
      ),
    },
    table: [
      [
        '',
        'bytes each',
        'record',
        'ledger',
        'closing',
        'index',
        'keys',
        'µs/message',
        'to the fewest',
        'CPU µs worker + Redis',
      ],
      ...stages.map(stageLine),
    ],
    notes: [
      `A message that has a sender's id costs ${seenMark} bytes more for a day: the mark by which a repeat is known.`,
    ],
    plots: [
      {
        file: 'idle-conversations',
        title: 'Time per message with idle conversations in Redis, to that with the fewest',
        kind: 'lines',
        x: { title: 'idle conversations', scale: 'log' },
        y: { title: 'times as long' },
        points: slower.map(({ conversations, value }) => ({
          series: 'one worker',
          x: conversations,
          y: value.median,
          low: value.min,
          high: value.max,
        })),
      },
    ],
  }
}

function stageLine({ conversations, bytes, kinds, timed }: Stage): string[] {
  const { record, ledger, closing, index } = kinds
  const of = (pick: (round: Timed) => number) => spread(timed.map(pick))
  return [
    count(conversations),
    ...[bytes, record, ledger, closing, index].map(count),
    // The key space's own: places in its tables, and the times to live.
    count(bytes - record - ledger - closing - index),
    times(of(({ micros }) => micros)),
    times(of(({ micros, fewest }) => micros / fewest)),
    `${Math.round(of(({ cost }) => cost.workerMicros).median)} + ${Math.round(of(({ cost }) => cost.redisMicros).median)}`,
  ]
}

/** Opens a second router with the fewest conversations, on a Redis of its own, to be timed in turn with the one that fills. */
async function besideFewest(context: Context, sizes: number[]): Promise<{ stages: Stage[]; seenMark: number }> {
  const other = await startRedisServer({ appendonly: 'yes', appendfsync: 'everysec' })
  try {
    return await onRouter({ ...context, redisUrl: other.url }, async (router) => {
      await rewriteNothing(router)
      const worker = await router.startWorker()
      const some = await talkedConversations(router, sizes[0] ?? 0, MESSAGES_EACH)
      const fewest = { router, worker, some }
      return await onRouter(context, (filling) => work(filling, fewest, context, sizes))
    })
  } finally {
    await other.stop()
  }
}

async function work(
  router: Router,
  fewest: Filled,
  context: Context,
  sizes: number[],
): Promise<{ stages: Stage[]; seenMark: number }> {
  await rewriteNothing(router)
  const worker = await router.startWorker()
  await talkedConversations(router, 100, MESSAGES_EACH)
  const stages: Stage[] = []
  // One stays as it is, to be copied; to some of the others it is written.
  let untouched: Conversation | undefined
  const some: Conversation[] = []
  let there = 0
  for (const size of sizes) {
    context.progress(`  ${count(size)} conversations:`)
    const before = await usedMemory(router)
    if (untouched) some.push(...(await copies(router, untouched, size - there)))
    else {
      const [first, ...others] = await talkedConversations(router, size, MESSAGES_EACH)
      untouched = first
      some.push(...others)
    }
    const bytes = ((await usedMemory(router)) - before) / (size - there)
    there = size
    const kinds = await bytesByKind(router, some.slice(-10))
    // What filled it is still on its way to the disk, and would slow down what is timed.
    await promisify(execFile)('sync')
    const timed = await timeInTurn({ router, worker, some }, fewest, context)
    stages.push({ conversations: size, bytes, kinds, timed })
    const micros = spread(timed.map((round) => round.micros))
    context.progress(` ${count(bytes)} bytes each, ${Math.round(micros.median)} µs per message\n`)
  }
  const [one] = some
  if (!one) throw new Error('expected conversations')
  return { stages, seenMark: await bytesOfSeenMark(router, one) }
}

/** A rewrite of the append-only file is about what is written, not about what is there. */
async function rewriteNothing({ redis }: Router): Promise<void> {
  await redis.config('SET', 'auto-aof-rewrite-percentage', '0')
}

/** Makes so many copies, and gives some of them from everywhere among them. */
async function copies({ redis, prefix }: Router, like: Conversation, number: number): Promise<Conversation[]> {
  const some: Conversation[] = []
  for (let made = 0; made < number; made += PAGE) {
    const page = await cloneConversations(redis, prefix, like, Math.min(PAGE, number - made))
    some.push(...page.filter((_, n) => n % 10 === 0))
  }
  return some
}
