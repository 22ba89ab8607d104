import type { LaneRedis } from '@chatlane/lanes'
import { Gauge, type Registry } from 'prom-client'
import { BoundedRead } from './bounded-read.ts'

/** Says, at each scrape, whether Redis answers this process. */
export function watchRedis(registry: Registry, redis: LaneRedis): void {
  const ping = new BoundedRead(async () => {
    await redis.ping()
    return 1
  })
  new Gauge({
    name: 'chatlane_redis_up',
    help: 'Whether Redis answers this process: 1 or 0. At 0 nothing is accepted and nothing is answered, and nothing is lost; bring Redis back.',
    registers: [registry],
    async collect() {
      // A command for a Redis that is known to be away would only wait for it.
      this.set((redis.status === 'ready' ? await ping.get() : 0) ?? 0)
    },
  })
}
