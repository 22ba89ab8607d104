import { Counter, Gauge, type Registry } from 'prom-client'
import { RECONCILED, type Reconciled } from '../upkeep/reconciler.ts'
import { BoundedRead } from './bounded-read.ts'

/** Counts what this process found wrong in Redis and put right, from 0 on. */
export function countRepairs(registry: Registry): (what: Reconciled) => void {
  const repairs = new Counter({
    name: 'chatlane_repairs_total',
    help: 'Things that must be in Redis and that this process found missing or wrong and put right. 0 without faults from outside (Redis emptied or restored, keys deleted, a clock set). upstream_mark: what keeps sandboxes away. shard_count: how many shards hold conversations. closing_schedule: the delayed job that closes inactive chats.',
    labelNames: ['what'],
    registers: [registry],
  })
  for (const what of RECONCILED) repairs.inc({ what }, 0)
  return (what) => repairs.inc({ what })
}

/** Shows, at each scrape, how many chats should have been closed more than 10 s ago. */
export function watchClosings(registry: Registry, overdue: () => Promise<number | undefined>): void {
  const read = new BoundedRead(overdue)
  new Gauge({
    name: 'chatlane_closings_overdue',
    help: 'Inactive chats that should have been closed more than 10 s ago. Many for a while: very many became due at once and are closed behind the messages of people. For minutes with idle workers: no worker runs, or UponAI refuses to end chats.',
    registers: [registry],
    async collect() {
      const count = await read.get()
      this.reset()
      if (count !== undefined) this.set(count)
    },
  })
}
