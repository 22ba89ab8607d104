import type { RedisServer } from './keep.ts'
import { commandsOf, errorsOf } from './node-stats.ts'
import { addressOf, asking, askingBriefly, startNode, stopAll, until } from './nodes.ts'
import { type MoveOptions, moveSlot, type SlotNode } from './slots.ts'

export interface ClusterOptions {
  /** Default 3, the fewest that can agree that one of them is gone. */
  masters?: number
  /** Replicas of each master. Default 0. */
  replicas?: number
  /** Silence after which a node counts as gone. Default 15 s, as Redis has it. */
  nodeTimeoutMs?: number
  /** Redis settings of every node on top of the finder's own, by their names in redis.conf. */
  settings?: Record<string, string>
}

/** A Redis Cluster of one's own, which can be broken, mended and rearranged. */
export interface RedisCluster {
  /** First the masters of the start, which share the slots evenly in this order, then their replicas. */
  nodes: RedisServer[]
  /** As REDIS_CLUSTER takes it. */
  addresses: string
  /** The slot of a key. */
  slotOf(key: string): Promise<number>
  /** The master that has a slot now, as most of the others see it. */
  masterOf(slot: number): Promise<RedisServer>
  /** Moves slots with their keys, while clients go on, as `redis-cli --cluster reshard` does. */
  moveSlots(slots: readonly number[], to: RedisServer, options?: MoveOptions): Promise<void>
  /** Resolves when every node that runs finds the cluster complete, and each replica has what its master has. */
  settled(): Promise<void>
  /** Commands that each node did, those of scripts among them, in the order of `nodes`. All nodes have to run. */
  commands(): Promise<number[]>
  /** How often the nodes that run refused or failed, by the first word of the error. */
  errors(): Promise<Record<string, number>>
  stop(): Promise<void>
}

const slotCount = 16_384

/** Starts a cluster with all data on each node's disk; ends with this process, however this process ends. */
export async function startRedisCluster({
  masters = 3,
  replicas = 0,
  nodeTimeoutMs = 15_000,
  settings = {},
}: ClusterOptions = {}): Promise<RedisCluster> {
  const common = {
    'cluster-enabled': 'yes',
    'cluster-node-timeout': String(nodeTimeoutMs),
    'repl-diskless-sync-delay': '0',
    ...settings,
  }
  const nodes = await Promise.all(Array.from({ length: masters * (1 + replicas) }, () => startNode(common)))
  try {
    await join(nodes, masters)
  } catch (error) {
    await stopAll(nodes)
    throw error
  }
  // those that answer: a test may have killed or frozen the others
  const answering = async () => {
    const seen = await Promise.all(nodes.map(async (server) => ({ server, view: await viewOf(server) })))
    return seen.flatMap(({ server, view }) => (view ? [{ server, view }] : []))
  }

  async function masterOf(slot: number): Promise<RedisServer> {
    const votes = new Map<RedisServer, number>()
    for (const { view } of await answering()) {
      const owner = view.find(({ slots }) => slots.some(([first, last]) => first <= slot && slot <= last))
      const server = nodes.find(({ url }) => owner && new URL(url).host === owner.address)
      if (server) votes.set(server, (votes.get(server) ?? 0) + 1)
    }
    const [most] = [...votes].sort(([, a], [, b]) => b - a)
    if (!most) throw new Error(`expected the cluster to know who has slot ${slot}`)
    return most[0]
  }

  const settled = () =>
    until(async () => {
      const states = await Promise.all((await answering()).map(({ server }) => isSettled(server, nodes.length)))
      return states.length > 0 && states.every(Boolean)
    })
  await settled()

  return {
    nodes,
    addresses: nodes.map(({ url }) => new URL(url).host).join(','),
    slotOf: (key) => asking(firstOf(nodes), (redis) => redis.cluster('KEYSLOT', key)),
    masterOf,
    moveSlots: async (slots, to, options) => {
      const members: SlotNode[] = []
      for (const { server, view } of await answering()) {
        const own = view.find(({ flags }) => flags.includes('myself'))
        if (own?.flags.includes('master')) members.push({ server, id: own.id })
      }
      for (const slot of slots) await moveSlot(slot, await masterOf(slot), to, members, options)
    },
    settled,
    commands: () => Promise.all(nodes.map(commandsOf)),
    errors: () => errorsOf(nodes),
    stop: () => stopAll(nodes),
  }
}

/** Shares out the slots, makes the nodes known to each other, and gives the masters their replicas. */
async function join(nodes: readonly RedisServer[], masters: number): Promise<void> {
  for (const [n, node] of nodes.entries()) {
    await asking(node, async (redis) => {
      // otherwise all masters begin with the same epoch, and settle it between them first
      await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', n + 1)
      if (n >= masters) return
      const [first, next] = [n, n + 1].map((part) => Math.round((slotCount * part) / masters))
      await redis.call('CLUSTER', 'ADDSLOTSRANGE', String(first), String(Number(next) - 1))
    })
  }
  const first = firstOf(nodes)
  for (const node of nodes.slice(1)) {
    const bus = await asking(node, (redis) => redis.config('GET', 'cluster-port'))
    const port = Array.isArray(bus) ? String(bus[1]) : ''
    await asking(first, (redis) => redis.call('CLUSTER', 'MEET', ...addressOf(node).map(String), port))
  }
  for (const node of nodes) await until(async () => (await viewOf(node))?.length === nodes.length)
  for (const [n, node] of nodes.slice(masters).entries()) {
    const id = await asking(nodes[n % masters] ?? first, (redis) => redis.cluster('MYID'))
    await asking(node, (redis) => redis.cluster('REPLICATE', id))
  }
}

interface Member {
  id: string
  /** host:port, for clients. */
  address: string
  flags: string[]
  slots: [first: number, last: number][]
}

/** The cluster as one of its nodes sees it; undefined when it does not answer. */
async function viewOf(server: RedisServer): Promise<Member[] | undefined> {
  const text = await askingBriefly(server, async (redis) => String(await redis.cluster('NODES')))
  if (text === undefined) return undefined
  return text
    .trim()
    .split('\n')
    .filter((line) => !line.includes('handshake'))
    .map((line) => {
      const [id = '', address = '', flags = '', , , , , , ...slots] = line.split(' ')
      return {
        id,
        address: address.split('@')[0] ?? '',
        flags: flags.split(','),
        // in brackets: slots on their way
        slots: slots
          .filter((slot) => !slot.startsWith('['))
          .map((slot) => {
            const [low, high = low] = slot.split('-').map(Number)
            return [Number(low), Number(high)]
          }),
      }
    })
}

async function isSettled(server: RedisServer, count: number): Promise<boolean> {
  const state = await askingBriefly(server, async (redis) => {
    const [cluster, replication, view] = await Promise.all([
      redis.cluster('INFO'),
      redis.info('replication'),
      redis.cluster('NODES'),
    ])
    const known = String(view).trim().split('\n').length
    return (
      String(cluster).includes('cluster_state:ok') &&
      known === count &&
      (replication.includes('role:master') || replication.includes('master_link_status:up'))
    )
  })
  return state ?? false
}

function firstOf(nodes: readonly RedisServer[]): RedisServer {
  const [first] = nodes
  if (!first) throw new Error('expected a node')
  return first
}
