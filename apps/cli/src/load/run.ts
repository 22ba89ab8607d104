import { randomInt } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { Api } from './api.ts'
import { planArrivals } from './plan/plan.ts'
import { preflight } from './preflight.ts'
import type { Progress } from './progress.ts'
import { type LoadResult, resultOf } from './result.ts'
import type { LoadSettings } from './settings.ts'
import { Tally } from './tally.ts'
import { Watch } from './watch.ts'
import { LEAD_MS, write } from './writing.ts'

/** Reads for each message that is sent, and a few for small runs. */
const LEAST_READS_PER_SECOND = 20

/**
 * Writes to a deployment and checks what became of it.
 * @param stop aborted: nothing new is sent; what was accepted is waited for and checked all the same
 * @throws Failure when the deployment cannot be used like this
 */
export async function runLoad(settings: LoadSettings, progress: Progress, stop: AbortSignal): Promise<LoadResult> {
  const { urls, apiKey, rate, burst, expectEcho, timeoutMs, durationMs } = settings
  setMaxListeners(0, stop)
  const api = new Api(urls, apiKey)
  const tally = new Tally()
  try {
    await preflight(api, settings)
    const plan = planArrivals(settings)
    // In base 36 it names the texts of this run; it chooses the numbers, too.
    const run = randomInt(36 ** 5, 36 ** 6).toString(36)
    const watch = new Watch({
      api,
      expectEcho,
      readsPerSecond: Math.max(LEAST_READS_PER_SECOND, rate * (burst?.factor ?? 1)),
      onAnswer: (ms) => tally.answer.add(ms),
    })
    try {
      const startedAt = new Date(Date.now() + LEAD_MS)
      const start = performance.now() + LEAD_MS
      const now = () => performance.now() - start
      const state = () => ({ tally, ...watch.seen() })
      progress.writing(durationMs, now, state)
      await write({ settings, plan, run, api, watch, tally, now, stop })
      const endedAt = Math.max(0, Math.min(now(), durationMs))
      progress.waiting(state)
      await watch.settle(timeoutMs)
      progress.checking(watch.people.length)
      await watch.lookAtAll((done) => progress.checked(done))
      progress.done()
      return resultOf({
        settings,
        run,
        startedAt,
        durationMs: endedAt,
        interrupted: stop.aborted,
        tally,
        people: watch.people,
      })
    } finally {
      await watch.stop()
    }
  } finally {
    progress.done()
    await api.close()
  }
}
