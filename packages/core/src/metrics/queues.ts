import type { Lanes } from '@chatlane/lanes'
import { Gauge, type Registry } from 'prom-client'
import { BoundedRead } from './bounded-read.ts'

const STATES = ['waiting', 'active', 'delayed'] as const

/** Of the jobs that wait longest, how many are looked at for one that tells since when. */
const LOOKED_AT = 10

interface Depth {
  lanes: string
  shard: number
  withMail: number
  jobs: Record<string, number>
  oldestSeconds: number
}

/**
 * Says, at each scrape, how much work lies in Redis: the same numbers in every process of a deployment. Shows nothing while
 * Redis cannot tell.
 * @param sets asked at each scrape: a process may learn of lane sets and shards after its start
 */
export function watchQueues(registry: Registry, sets: () => readonly Lanes[]): void {
  const read = new BoundedRead(() =>
    Promise.all(
      sets()
        .filter(({ connection }) => connection.status === 'ready')
        .flatMap((lanes) => Array.from({ length: lanes.shards }, (_, shard) => depthOf(lanes, shard))),
    ),
  )
  const labelNames = ['lanes', 'shard'] as const
  new Gauge({
    name: 'chatlane_jobs',
    help: 'Jobs of lanes in Redis, by state: waiting for a worker, active, delayed until their next try. Waiting that grows wants more workers; delayed that grows means that calls fail.',
    labelNames: [...labelNames, 'state'],
    registers: [registry],
    async collect() {
      const depths = await read.get()
      this.reset()
      for (const { lanes, shard, jobs } of depths ?? [])
        for (const state of STATES) this.set({ lanes, shard, state }, jobs[state] ?? 0)
    },
  })
  new Gauge({
    name: 'chatlane_lanes_waiting',
    help: 'Lanes with at least one item, those being worked off included. Each has one job; more lanes than jobs for minutes means that jobs were lost from outside, see chatlane_sweeper_wakes_total.',
    labelNames,
    registers: [registry],
    async collect() {
      const depths = await read.get()
      this.reset()
      for (const { lanes, shard, withMail } of depths ?? []) this.set({ lanes, shard }, withMail)
    },
  })
  new Gauge({
    name: 'chatlane_oldest_waiting_job_age_seconds',
    help: 'For how long the lane that waits longest has waited for a worker to begin it, 0 when none waits. Many seconds: add workers, or raise WORKER_CONCURRENCY.',
    labelNames,
    registers: [registry],
    async collect() {
      const depths = await read.get()
      this.reset()
      for (const { lanes, shard, oldestSeconds } of depths ?? []) this.set({ lanes, shard }, oldestSeconds)
    },
  })
}

async function depthOf(lanes: Lanes, shard: number): Promise<Depth> {
  const queue = lanes.queue(shard)
  const [jobs, withMail, oldest] = await Promise.all([
    queue.getJobCounts(...STATES),
    lanes.connection.hlen(lanes.shardKeys(shard).lanes),
    queue.getRanges(['wait'], 0, LOOKED_AT - 1, true),
  ])
  return { lanes: lanes.name, shard, withMail, jobs, oldestSeconds: await ageOf(queue, oldest) }
}

/**
 * Jobs wait first in, first out. One that was started before has the time at which its lane was first woken, which says
 * nothing of this wait: the next one behind it that was never started does.
 */
async function ageOf(queue: ReturnType<Lanes['queue']>, ids: readonly string[]): Promise<number> {
  const jobs = await Promise.all(ids.map((id) => queue.getJob(id)))
  const first = jobs.find((job) => job?.attemptsStarted === 0)
  return first ? Math.max(0, Date.now() - first.timestamp) / 1000 : 0
}
