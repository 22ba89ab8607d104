import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Conversations, MOST_WAITING, watchRoutes } from '@chatlane/core'
import { Lanes } from '@chatlane/lanes'
import { Cluster, Redis } from 'ioredis'
import { build } from '../../dev/build/build.ts'
import { startUpstream, type Upstream } from '../upstream/upstream.ts'
import { startWorker, type Worker } from './worker.ts'

export interface RouterOptions {
  redisUrl: string
  /** As REDIS_CLUSTER takes it; `redisUrl` is then one of its nodes. */
  cluster?: string
  /** Queues over which conversations are spread. */
  shards?: number
  /** Turns in progress per worker. */
  concurrency?: number
  prefix?: string
  /** Played by another router's, when there are two. */
  upstream?: Upstream
  /** A folder for profiles of the workers' CPU time. */
  profileTo?: string | undefined
}

/** The whole router, as messages go through it: what the api does at its doors, and workers of their own. */
export interface Router {
  /** To the Redis; of a cluster, to one node. */
  redis: Redis
  prefix: string
  conversations: Conversations
  /** The conversations' lanes. */
  lanes: Lanes
  upstream: Upstream
  startWorker(): Promise<Worker>
  /** Nothing that waits is begun until {@link resume}. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Conversations in which a message waits or is being answered. */
  lanesWithMail(): Promise<number>
  /** Ends all of it, workers included. */
  close(): Promise<void>
}

/** An hour, as it is by default. */
const AUTO_CLOSE_AFTER_MS = 3_600_000

export async function openRouter(options: RouterOptions): Promise<Router> {
  const { redisUrl, cluster, shards = 1, concurrency = 200, prefix = 'chatlane', profileTo } = options
  const problem = await build('apps/worker')
  if (problem !== undefined) throw new Error(problem)
  const upstream = options.upstream ?? (await startUpstream())
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null })
  const all = cluster === undefined ? redis : connectCluster(cluster)
  const shared = { connection: all, prefix, shards, shardOf: shardIn }
  const lanes = new Lanes({ name: 'turns', ...shared })
  const deliveries = new Lanes({ name: 'deliveries', ...shared })
  const conversations = new Conversations({
    redis: all,
    prefix,
    lanes,
    deliveries,
    shards,
    routes: watchRoutes(undefined),
    minReplicas: 0,
    autoCloseAfterMs: AUTO_CLOSE_AFTER_MS,
    coalesceWindowMs: 0,
    mostWaiting: MOST_WAITING,
  })
  const queues = Array.from({ length: shards }, (_, shard) => lanes.queue(shard))
  const workers: Worker[] = []
  return {
    redis,
    prefix,
    conversations,
    lanes,
    upstream,
    startWorker: async () => {
      const env = environment({ redisUrl, cluster, prefix, upstreamUrl: upstream.url, concurrency, shards })
      const worker = await startWorker(env, profileTo)
      workers.push(worker)
      return worker
    },
    pause: async () => void (await Promise.all(queues.map((queue) => queue.pause()))),
    resume: async () => void (await Promise.all(queues.map((queue) => queue.resume()))),
    lanesWithMail: async () => {
      const counts = await Promise.all(queues.map((_, shard) => all.hlen(lanes.shardKeys(shard).lanes)))
      return counts.reduce((sum, count) => sum + count, 0)
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.kill()))
      if (options.upstream === undefined) await upstream.stop()
      await Promise.all([lanes.close(), deliveries.close()])
      await redis.quit()
      all.disconnect()
    },
  }
}

function connectCluster(addresses: string): Cluster {
  const nodes = addresses.split(',').map((address) => {
    const { hostname: host, port } = new URL(`redis://${address}`)
    return { host, port: Number(port) }
  })
  return new Cluster(nodes, { redisOptions: { maxRetriesPerRequest: null } })
}

function shardIn(id: string): number {
  return Number(id.slice(1, id.indexOf('_')))
}

interface Settings {
  redisUrl: string
  cluster: string | undefined
  prefix: string
  upstreamUrl: string
  concurrency: number
  shards: number
}

function environment({
  redisUrl,
  cluster,
  prefix,
  upstreamUrl,
  concurrency,
  shards,
}: Settings): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    ...(cluster === undefined ? { REDIS_URL: redisUrl } : { REDIS_CLUSTER: cluster }),
    REDIS_PREFIX: prefix,
    UPONAI_BASE_URL: upstreamUrl,
    UPONAI_API_KEY: 'bench',
    UPONAI_WORKSPACE_ID: '1',
    // A chat that hangs for a minute is waited for.
    UPONAI_TIMEOUT_MS: '90000',
    UPONAI_COMPLETION_TIMEOUT_MS: '90000',
    // As with `start:worker` and in the image.
    NODE_COMPILE_CACHE: compiled(),
    WORKER_CONCURRENCY: String(concurrency),
    QUEUE_SHARDS: String(shards),
  }
}

let folder: string | undefined

/** Where this run's workers keep what they compiled. */
function compiled(): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'chatlane-bench-'))
    process.once('exit', () => rmSync(made, { recursive: true, force: true }))
    folder = made
  }
  return folder
}
