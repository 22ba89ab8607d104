import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { SandboxClient } from '@chatlane/sandbox'

const everyMs = 1_000

/**
 * Measures whether this machine keeps up: how late this process, which has the proxies in it, and the sandbox come to their
 * work. A call that lies in a queue until long after its caller gave up reaches the provider all the same; that is a fault of
 * the machine's, which no run means to inject and nobody can cope with.
 */
export class Pulse {
  /** The longest so far, ms. */
  longestMs = 0
  readonly #sandbox: SandboxClient
  readonly #loop = monitorEventLoopDelay({ resolution: 20 })
  readonly #timer: NodeJS.Timeout
  #asking: Promise<void> | undefined
  #askedAt = 0
  #last = 0

  constructor(sandbox: SandboxClient) {
    this.#sandbox = sandbox
    this.#loop.enable()
    this.#timer = setInterval(() => {
      this.#asking ??= this.#ask().finally(() => {
        this.#asking = undefined
      })
    }, everyMs)
  }

  /** How late things were done in the last second or so, ms. */
  get latelyMs(): number {
    const waiting = this.#asking === undefined ? 0 : performance.now() - this.#askedAt
    return Math.max(this.#last, waiting)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#loop.disable()
  }

  async #ask(): Promise<void> {
    this.#askedAt = performance.now()
    await this.#sandbox.settings().catch(() => {})
    const answered = performance.now() - this.#askedAt
    this.#last = Math.max(answered, this.#loop.max / 1e6)
    this.#loop.reset()
    this.longestMs = Math.max(this.longestMs, Math.round(this.#last))
  }
}
