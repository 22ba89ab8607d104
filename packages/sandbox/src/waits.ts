/**
 * Everything the sandbox waits for on purpose: latencies, hung requests, delays before callbacks.
 * One place, so that a reset or the closing of the sandbox can cut all of them short.
 */
export class Waits {
  readonly #cuts = new Set<() => void>()

  /**
   * Starts a wait of `ms` milliseconds; `undefined` waits until it is cut short.
   * `over` resolves to true when the time has passed and to false when the wait was cut short.
   */
  start(ms: number | undefined): { over: Promise<boolean>; cut: () => void } {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const end = (passed: boolean) => {
      clearTimeout(timer)
      this.#cuts.delete(cut)
      resolve(passed)
    }
    const cut = () => end(false)
    const timer = ms === undefined ? undefined : setTimeout(end, ms, true)
    this.#cuts.add(cut)
    return { over: promise, cut }
  }

  async pause(ms: number): Promise<boolean> {
    return ms <= 0 ? true : this.start(ms).over
  }

  cutAll(): void {
    for (const cut of [...this.#cuts]) cut()
  }
}
