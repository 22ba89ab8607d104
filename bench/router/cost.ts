import { redisCost } from '../redis/cost.ts'
import type { Router } from './router.ts'
import type { Worker } from './worker.ts'

/** CPU time per message, microseconds. */
export interface Cost {
  workerMicros: number
  redisMicros: number
}

/** Begins to count; what it gives says what was spent since, per message. */
export async function countCost(
  { redis }: Router,
  worker: Pick<Worker, 'probe'>,
): Promise<(messages: number) => Promise<Cost>> {
  const spent = async () => {
    const [{ cpuMicros }, { micros }] = await Promise.all([worker.probe(), redisCost(redis)])
    return { cpuMicros, micros }
  }
  const before = await spent()
  return async (messages) => {
    const after = await spent()
    return {
      workerMicros: (after.cpuMicros - before.cpuMicros) / messages,
      redisMicros: (after.micros - before.micros) / messages,
    }
  }
}
