import { setTimeout as passed } from 'node:timers/promises'
import { prepareLoad, type Sent } from './load/load.ts'
import type { LoadTask } from './load/task.ts'
import type { Providers } from './providers/providers.ts'
import type { Service } from './service.ts'

/** What a phase took. */
export interface Run extends Sent {
  /** From the first request until every answer was sent, where there is a worker. */
  untilAnswered: number
  apiMicros: number
  workerMicros: number
  /** When each completion arrived, ms since 1970. */
  startedAt: number[]
}

/** After the last answer was sent the worker still notes that: its cost belongs to the message. */
const SETTLE_MS = 300

/** Sends a phase's messages and, where there is a worker, waits until all are answered; then holds them against what arrived. */
export async function run(service: Service, providers: Providers, task: Omit<LoadTask, 'url'>): Promise<Run> {
  const load = await prepareLoad({ ...task, url: service.url })
  try {
    await providers.expect(task.phase, service.ordered)
    const cpu = async () => [await service.api.cpuMicros(), (await service.worker?.cpuMicros()) ?? 0] as const
    const [apiBefore, workerBefore] = await cpu()
    const start = performance.now()
    const sent = await load.send()
    if (service.worker) await providers.all()
    const untilAnswered = (performance.now() - start) / 1_000
    if (service.worker) await passed(SETTLE_MS)
    const [api, worker] = await cpu()
    const startedAt = service.worker ? await providers.verify() : []
    return { ...sent, untilAnswered, apiMicros: api - apiBefore, workerMicros: worker - workerBefore, startedAt }
  } finally {
    await load.stop()
  }
}
