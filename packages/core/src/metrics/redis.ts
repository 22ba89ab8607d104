import { Gauge, type Registry } from 'prom-client'
import type { RedisWatch } from '../redis/watch.ts'
import { BoundedRead } from './bounded-read.ts'

/** Says, at each scrape, whether Redis takes messages from this process. */
export function watchRedis(registry: Registry, redis: Pick<RedisWatch, 'problem'>): void {
  const fine = new BoundedRead(async () => ((await redis.problem()) === undefined ? 1 : 0))
  new Gauge({
    name: 'chatlane_redis_up',
    help: 'Whether Redis takes messages from this process, a write included: 1 or 0. At 0 nothing is accepted and nothing is answered, and nothing is lost; the log and readiness say why.',
    registers: [registry],
    async collect() {
      this.set((await fine.get()) ?? 0)
    },
  })
}
