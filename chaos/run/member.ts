import { setTimeout as passed } from 'node:timers/promises'
import type { Service } from '../../dev/stack/service.ts'
import type { TcpProxy } from '../proxy/tcp-proxy.ts'
import { givePriority } from './priority.ts'

export interface MemberOptions {
  name: string
  start: () => Promise<Service>
  /** Its connections, by what they lead to. */
  proxies: Partial<Record<'redis' | 'uponai' | 'twilio', TcpProxy>>
  /** Where it tells its metrics. */
  metricsUrl: string
  /** Takes what a process must not do: end by itself, not end when it is told to. */
  onMisbehaviour: (what: string) => void
}

/** A SIGTERM has to be done with in that time: then a container would be killed, ms. */
const STOP_WITHIN_MS = 10_000

/** What is wrong with how a process ended after its SIGTERM; undefined: nothing is. */
export function wrongStop(how: string, tookMs: number): string | undefined {
  if (how === 'exit code 0' && tookMs <= STOP_WITHIN_MS) return undefined
  return `expected exit code 0 within ${STOP_WITHIN_MS / 1_000} s of SIGTERM, got ${how} after ${(tookMs / 1_000).toFixed(1)} s`
}

/** A process that may die: one place in the set-up, filled by one process after the other. */
export class Member {
  readonly name: string
  readonly proxies: MemberOptions['proxies']
  readonly metricsUrl: string
  readonly #options: MemberOptions
  #service: Service | undefined
  /** Ends that we brought about. */
  readonly #meant = new WeakSet<Service>()
  #frozen = false
  #lives = 0
  #starting: Promise<void> | undefined
  #closed = false

  constructor(options: MemberOptions) {
    this.name = options.name
    this.proxies = options.proxies
    this.metricsUrl = options.metricsUrl
    this.#options = options
  }

  /** Which process in turn this is. */
  get life(): number {
    return this.#lives
  }

  /** Starts it if it is down, again and again until it is ready: while Redis is broken too, that takes a while. */
  start(): Promise<void> {
    this.#starting ??= this.#untilReady().finally(() => {
      this.#starting = undefined
    })
    return this.#starting
  }

  /** As `kill -9`. False when there was nothing to kill. */
  async kill(): Promise<boolean> {
    const service = this.#take()
    await service?.kill()
    return service !== undefined
  }

  /** SIGTERM. False when there was nothing to stop. */
  async stop(): Promise<boolean> {
    const service = this.#take()
    if (!service) return false
    const began = performance.now()
    await service.stop()
    const wrong = wrongStop(await service.ended, performance.now() - began)
    if (wrong !== undefined) this.#options.onMisbehaviour(`${this.name}: ${wrong}`)
    return true
  }

  /** SIGSTOP; the returned function lets it go on. Undefined when there was nothing to freeze. */
  freeze(): (() => void) | undefined {
    const service = this.#service
    if (!service || this.#frozen) return undefined
    process.kill(service.pid, 'SIGSTOP')
    this.#frozen = true
    return () => {
      this.#frozen = false
      // Unless it is gone: its number may be another's by now.
      if (this.#service === service) process.kill(service.pid, 'SIGCONT')
    }
  }

  /** Ends it for good. */
  async close(): Promise<void> {
    this.#closed = true
    await this.kill()
  }

  async #untilReady(): Promise<void> {
    while (!this.#service && !this.#closed) {
      try {
        const service = await this.#options.start()
        this.#service = service
        this.#lives++
        givePriority(service.pid, 'normal')
        void service.ended.then((how) => this.#ended(service, how))
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        // Nothing is broken for as long as a process has to get ready.
        if (!this.#closed) this.#options.onMisbehaviour(why)
        await passed(500)
      }
    }
    // Closed while it started.
    if (this.#closed) await this.kill()
  }

  #ended(service: Service, how: string): void {
    if (this.#meant.has(service)) return
    this.#service = undefined
    this.#options.onMisbehaviour(`${this.name} ended by itself: ${how}`)
    if (!this.#closed) void this.start()
  }

  #take(): Service | undefined {
    const service = this.#service
    if (service) this.#meant.add(service)
    this.#service = undefined
    this.#frozen = false
    return service
  }
}
