import type { LaneCounters, LaneWorker } from '@chatlane/lanes'
import { Counter, Gauge, type Registry } from 'prom-client'

const labelNames = ['lanes'] as const

/**
 * Shows what the lane workers of this process count.
 * @param workers by the name of their lane set; asked at each scrape: they begin after the metrics
 */
export function watchLaneWorkers(registry: Registry, workers: () => ReadonlyMap<string, LaneWorker>): void {
  function count(name: string, what: keyof LaneCounters, help: string): void {
    new Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset()
        for (const [lanes, { counters }] of workers()) this.inc({ lanes }, counters[what])
      },
    })
  }
  count(
    'chatlane_sweeper_wakes_total',
    'sweeperWakes',
    'Lanes with items whose job was gone, woken by the sweeper. 0 without faults: something took jobs out of Redis (a queue emptied by hand, a restart without the append-only file).',
  )
  count(
    'chatlane_fenced_commits_total',
    'fenced',
    'Runs of lanes that lost their lease and were refused; another run did the work. 0 without faults: this process was frozen, starved of CPU, or cut off from Redis for longer than a lease.',
  )
  count(
    'chatlane_take_overs_total',
    'takeOvers',
    'Lanes taken over from a run that died with an item in its hands, or lost its lease or Redis. 0 without faults: look for workers that were killed (out of memory) or frozen.',
  )
  new Gauge({
    name: 'chatlane_lanes_in_progress',
    help: 'Lanes that this process works on right now. At WORKER_CONCURRENCY for long: add workers or raise it.',
    labelNames,
    registers: [registry],
    collect() {
      for (const [lanes, { inProgress }] of workers()) this.set({ lanes }, inProgress)
    },
  })
}
