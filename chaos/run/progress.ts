import type { Injector } from '../faults/injector.ts'
import type { ApiClient } from '../load/doors.ts'
import type { Load } from '../load/load.ts'
import type { Cluster } from './cluster.ts'
import type { RepairCounts } from './metrics.ts'
import { unanswered } from './settle.ts'

const everyMs = 5_000

/**
 * Tells every few seconds how far a run is, and the load how many messages wait.
 * @returns a function that ends it
 */
export function watchProgress(parts: {
  api: ApiClient
  cluster: Cluster
  load: Load
  injector: Injector
  repairs: RepairCounts
  say: (line: string) => void
}): () => void {
  const { api, cluster, load, injector, repairs, say } = parts
  const began = Date.now()
  const look = async () => {
    const [waiting] = await Promise.all([unanswered(api), repairs.read(cluster.workers)])
    if (waiting !== undefined) load.noteWaiting(waiting)
    const elapsed = Math.round((Date.now() - began) / 1_000)
    const told = waiting === undefined ? 'nobody can tell how many wait' : `${waiting} wait`
    say(`${elapsed} s: ${load.accepted} accepted (${told}), ${load.people.length} people, ${injector.injected} faults`)
  }
  let busy = false
  const timer = setInterval(async () => {
    // While Redis is away a look takes longer than the time to the next one.
    if (busy) return
    busy = true
    await look().finally(() => {
      busy = false
    })
  }, everyMs)
  return () => clearInterval(timer)
}
