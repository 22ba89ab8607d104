import type { Dispatcher } from 'undici'
import { type Exchange, exchange, type Limits } from './exchange.ts'

/**
 * An exchange that may be made twice. When it meets a kept connection that the other side has forgotten, it is made once more
 * at once, within the same time and over a new connection: the others that were kept may be forgotten, too.
 */
export async function repeatableExchange(
  kept: Dispatcher,
  openFresh: () => Dispatcher,
  request: Dispatcher.DispatchOptions,
  limits: Limits,
): Promise<Exchange> {
  const began = performance.now()
  const first = await exchange(kept, request, limits)
  if (!first.failure?.stale) return first
  const fresh = openFresh()
  try {
    return await exchange(fresh, request, { ...limits, timeoutMs: limits.timeoutMs - (performance.now() - began) })
  } finally {
    await fresh.destroy()
  }
}
