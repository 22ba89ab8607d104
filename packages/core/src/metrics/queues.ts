import type { Backlog, Lanes } from '@chatlane/lanes'
import { Gauge, type Registry } from 'prom-client'
import { BoundedRead } from './bounded-read.ts'

const STATES = ['waiting', 'active', 'delayed'] as const

interface ShardBacklog extends Backlog {
  lanes: string
  shard: number
}

/**
 * Shows, at each scrape, how much work lies in Redis: the same numbers in every process of a deployment, all by Redis' clock.
 * Shows nothing while Redis cannot tell.
 * @param sets asked at each scrape: a process may learn of lane sets and shards after its start
 */
export function watchQueues(registry: Registry, sets: () => readonly Lanes[]): void {
  const read = new BoundedRead(() =>
    Promise.all(
      sets()
        .filter(({ connection }) => connection.status === 'ready')
        .flatMap((lanes) => Array.from({ length: lanes.shards }, (_, shard) => backlogOf(lanes, shard))),
    ),
  )
  const labelNames = ['lanes', 'shard'] as const
  new Gauge({
    name: 'chatlane_jobs',
    help: 'Jobs of lanes in Redis, by state: waiting for a worker, active, delayed until their next try. Waiting that grows wants more workers; delayed that grows means that calls fail.',
    labelNames: [...labelNames, 'state'],
    registers: [registry],
    async collect() {
      const backlogs = await read.get()
      this.reset()
      for (const { lanes, shard, ...jobs } of backlogs ?? [])
        for (const state of STATES) this.set({ lanes, shard, state }, jobs[state])
    },
  })
  const gauge = (name: string, help: string, measure: (backlog: Backlog) => number) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const backlogs = await read.get()
        this.reset()
        for (const { lanes, shard, ...backlog } of backlogs ?? []) this.set({ lanes, shard }, measure(backlog))
      },
    })
  gauge(
    'chatlane_lanes_waiting',
    'Lanes with at least one item, those being worked off included. Each has one job; more lanes than jobs for minutes means that jobs were lost from outside, see chatlane_sweeper_wakes_total.',
    ({ lanesWithMail }) => lanesWithMail,
  )
  gauge(
    'chatlane_oldest_waiting_job_age_seconds',
    'How long the oldest job that a worker could run right now has waited for one: since it was added, or since its pause ended. 0 while the queue or every worker pauses (UponAI throttles, fails or refuses the credentials), because another worker would not help. Many seconds: add workers, or raise WORKER_CONCURRENCY.',
    ({ runnableForMs }) => runnableForMs / 1000,
  )
  gauge(
    'chatlane_oldest_unanswered_age_seconds',
    'How long the first item of a lane has been in Redis, for the lane where that is longest, whatever it waits for: a place, its own slow answer, its next try, a pause. Closings do not count. With more than 500 lanes as of the last sweep (every 5 s).',
    ({ unansweredForMs }) => unansweredForMs / 1000,
  )
}

async function backlogOf(lanes: Lanes, shard: number): Promise<ShardBacklog> {
  return { ...(await lanes.backlog(shard)), lanes: lanes.name, shard }
}
