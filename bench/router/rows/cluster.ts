import { type RedisCluster, startRedisCluster } from '@chatlane/dev'
import { count, range } from '../../report/numbers.ts'
import type { Context, Outcome, Row } from '../../row.ts'
import { spread } from '../../spread.ts'
import { drained } from '../filling.ts'
import { openRouter } from '../router.ts'
import { talkedConversations } from '../talked.ts'

const CONVERSATIONS = 2_000
const MESSAGES_EACH = 5
const SHARDS = [3, 6, 12]
const MOST = 0.15

/** Row 10: shards spread over a cluster's nodes. */
export const cluster: Row = {
  n: 10,
  name: 'shards over a Redis Cluster of 3 nodes',
  what:
    'Messages of many conversations go through api and worker on a real Redis Cluster of three masters, started for the ' +
    'measurement: commands that each node was asked, and errors because keys of one command lay in different slots.',
  reachText: `each node within ${100 * MOST} % of the mean, no cross-slot error`,
  measure,
}

interface Round {
  /** Of the node farthest from the mean, as a part of the mean. */
  farthest: number
  commands: number[]
  crossSlot: number
}

async function measure(context: Context): Promise<Outcome> {
  const conversations = context.sized(CONVERSATIONS, 50)
  const rounds = new Map<number, Round[]>(SHARDS.map((shards) => [shards, []]))
  for (let round = 0; round < context.rounds; round++) {
    context.progress(`  round ${round + 1} of ${context.rounds}:`)
    for (const shards of SHARDS) {
      const measured = await onCluster((nodes) => work(nodes, shards, conversations, context.profileTo))
      rounds.get(shards)?.push(measured)
      context.progress(` ${shards} shards ${percent(measured.farthest)}`)
    }
    context.progress('\n')
  }
  const of = (shards: number, pick: (round: Round) => number) => spread((rounds.get(shards) ?? []).map(pick))
  const most = Math.max(...SHARDS)
  const crossSlot = [...rounds.values()].flat().reduce((sum, round) => sum + round.crossSlot, 0)
  return {
    name: `${count(conversations * MESSAGES_EACH)} messages on 3 nodes, ${most} shards`,
    value: of(most, ({ farthest }) => 1 + farthest),
    unit: 'of an even share',
    against: { 'an even share': 1 },
    ratio: Object.fromEntries([
      ...SHARDS.map((shards) => [
        `${shards} shards`,
        { value: of(shards, ({ farthest }) => farthest), reach: { most: MOST } },
      ]),
      ['cross-slot errors', { value: spread([crossSlot]), reach: { most: 0 } }],
    ]),
    table: [
      ['', 'node 1', 'node 2', 'node 3', 'farthest from the mean', 'min–max'],
      ...SHARDS.map((shards) => {
        const farthest = of(shards, (round) => round.farthest)
        const nodes = [0, 1, 2].map((n) => count(of(shards, ({ commands }) => commands[n] ?? 0).median))
        const inPercent = { median: 0, min: 100 * farthest.min, max: 100 * farthest.max }
        return [`${shards} shards`, ...nodes, percent(farthest.median), range(inPercent)]
      }),
    ],
    notes: [
      'Commands that clients asked, without what nodes ask each other; what scripts do inside is not among them.',
    ],
  }
}

async function onCluster<T>(work: (nodes: RedisCluster) => Promise<T>): Promise<T> {
  const nodes = await startRedisCluster({ settings: { appendonly: 'yes', appendfsync: 'everysec' } })
  try {
    return await work(nodes)
  } finally {
    await nodes.stop()
  }
}

async function work(nodes: RedisCluster, shards: number, conversations: number, profileTo?: string): Promise<Round> {
  const [first] = nodes.nodes
  if (!first) throw new Error('expected a node')
  const router = await openRouter({ redisUrl: first.url, cluster: nodes.addresses, shards, profileTo })
  try {
    await router.startWorker()
    const before = await nodes.commands()
    await talkedConversations(router, conversations, MESSAGES_EACH)
    await drained(router)
    const after = await nodes.commands()
    const commands = after.map((now, n) => now - (before[n] ?? 0))
    const mean = commands.reduce((sum, one) => sum + one, 0) / commands.length
    const farthest = Math.max(...commands.map((one) => Math.abs(one - mean))) / mean
    return { farthest, commands, crossSlot: (await nodes.errors()).CROSSSLOT ?? 0 }
  } finally {
    await router.close()
  }
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`
}
