import type { Conversation } from '@chatlane/core'
import { count, times } from '../../report/numbers.ts'
import type { Context, Outcome, Row } from '../../row.ts'
import { type Spread, spread } from '../../spread.ts'
import { cloneConversations } from '../clones.ts'
import { type Cost, countCost } from '../cost.ts'
import { drained, write } from '../filling.ts'
import { type ByKind, bytesByKind, bytesOfSeenMark, usedMemory } from '../footprint.ts'
import { onRouter } from '../on-router.ts'
import type { Router } from '../router.ts'
import { median } from '../samples.ts'
import { talkedConversations } from '../talked.ts'
import type { Worker } from '../worker.ts'

/** The first of them made through the router, the others copies of these. */
const SIZES = [10_000, 100_000, 1_000_000]
/** And as many answers. */
const MESSAGES_EACH = 5
/** For the time per message, with all of the conversations there. */
const MESSAGES = 5_000
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
  /** Of each round, per message. */
  micros: Spread
  cost: Cost
}

async function measure(context: Context): Promise<Outcome> {
  const sizes = SIZES.map((size) => context.sized(size, 100))
  const { stages, seenMark } = await onRouter(context, (router) => work(router, context, sizes))
  const [fewest, ...more] = stages
  const most = stages.at(-1)
  if (!fewest || !most) throw new Error('expected sizes')
  const bytes = spread(stages.map((stage) => stage.bytes))
  const worst = (value: number): Spread => ({ median: value, min: value, max: value })
  const slower = Object.fromEntries(
    more.map(({ conversations, micros }) => [
      `time at ${count(conversations)}`,
      { value: worst(micros.median / fewest.micros.median), reach: { most: MOST_SLOWER } },
    ]),
  )
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
      ...slower,
    },
    table: [
      ['', 'bytes each', 'record', 'ledger', 'closing', 'index', 'keys', 'µs/message', 'CPU µs worker + Redis'],
      ...stages.map(stageLine),
    ],
    notes: [
      `A message that has a sender's id costs ${seenMark} bytes more for a day: the mark by which a repeat is known.`,
    ],
    plots: [
      {
        file: 'idle-conversations',
        title: 'Time per message with idle conversations in Redis',
        kind: 'lines',
        x: { title: 'idle conversations', scale: 'log' },
        y: { title: 'µs per message' },
        points: stages.map(({ conversations, micros }) => ({
          series: 'one worker',
          x: conversations,
          y: micros.median,
          low: micros.min,
          high: micros.max,
        })),
      },
    ],
  }
}

function stageLine({ conversations, bytes, kinds, micros, cost }: Stage): string[] {
  const { record, ledger, closing, index } = kinds
  return [
    count(conversations),
    ...[bytes, record, ledger, closing, index].map(count),
    // The key space's own: places in its tables, and the times to live.
    count(bytes - record - ledger - closing - index),
    times(micros),
    `${Math.round(cost.workerMicros)} + ${Math.round(cost.redisMicros)}`,
  ]
}

async function work(router: Router, context: Context, sizes: number[]): Promise<{ stages: Stage[]; seenMark: number }> {
  // A rewrite of the append-only file is about what is written, not about what is there.
  await router.redis.config('SET', 'auto-aof-rewrite-percentage', '0')
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
    const { micros, cost } = await timeMessages(router, worker, some, context)
    stages.push({ conversations: size, bytes, kinds, micros, cost })
    context.progress(` ${count(bytes)} bytes each, ${Math.round(micros.median)} µs per message\n`)
  }
  const [one] = some
  if (!one) throw new Error('expected conversations')
  return { stages, seenMark: await bytesOfSeenMark(router, one) }
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

async function timeMessages(
  router: Router,
  worker: Worker,
  some: readonly Conversation[],
  { rounds, sized }: Context,
): Promise<{ micros: Spread; cost: Cost }> {
  const messages = sized(MESSAGES, 100)
  const micros: number[] = []
  const costs: Cost[] = []
  for (let round = 0; round < rounds; round++) {
    const to = Array.from({ length: messages }, () => some[Math.floor(Math.random() * some.length)]).flatMap(
      (one) => one ?? [],
    )
    const cost = await countCost(router, worker)
    const began = performance.now()
    await write(router, to)
    await drained(router, 10)
    micros.push(((performance.now() - began) / messages) * 1_000)
    costs.push(await cost(messages))
  }
  return {
    micros: spread(micros),
    cost: {
      workerMicros: median(costs.map((it) => it.workerMicros)),
      redisMicros: median(costs.map((it) => it.redisMicros)),
    },
  }
}
