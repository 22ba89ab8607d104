import { Lanes, LaneWorker } from '@chatlane/lanes'
import type { Redis } from 'ioredis'
import type { Side, SideOptions } from './side.ts'

/** The lanes, one per key, on their defaults. */
export async function openLanes(redis: Redis, { settings, handle, onError }: SideOptions): Promise<Side> {
  const lanes = new Lanes({ name: 'lanes', connection: redis, prefix: 'bench', onError })
  const worker = new LaneWorker(lanes, {
    concurrency: settings.concurrency,
    handler: async (item) => {
      await handle(item.data)
      return { do: 'commit' }
    },
    onError,
  })
  await worker.ready()
  let count = 0
  return {
    add: (key, text) => lanes.add(key, { id: String(count++), data: text }),
    close: async () => {
      await worker.close()
      await lanes.close()
      const { sweeperWakes, fenced, takeOvers } = worker.counters
      if (sweeperWakes + fenced + takeOvers > 0) {
        throw new Error(
          `lanes: ${sweeperWakes} sweeper wakes, ${fenced} fenced, ${takeOvers} take-overs; expected none`,
        )
      }
    },
  }
}
