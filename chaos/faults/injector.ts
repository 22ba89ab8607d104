import { setTimeout as passed } from 'node:timers/promises'
import type { TcpProxy } from '../proxy/tcp-proxy.ts'
import type { Random } from '../random.ts'
import type { Cluster } from '../run/cluster.ts'
import type { Member } from '../run/member.ts'
import { faultPlan, providerFaults } from './provider-rules.ts'
import type { FaultEvent } from './schedule.ts'

export interface InjectorOptions {
  cluster: Cluster
  seed: number
  random: Random
  /** Names of the faults that are on. */
  faults: readonly string[]
  /** Ends a chat on UponAI's side; false when there was none. */
  endSomeChat: (which: number) => Promise<boolean>
  /** What could not be injected as it should: a mistake of the run's own. */
  onFailure: (what: string) => void
}

/** Breaks things when their time comes, mends them, and counts what really was broken. */
export class Injector {
  readonly counts = new Map<string, number>()
  readonly #options: InjectorOptions
  readonly #stopped = new AbortController()
  readonly #underWay = new Set<Promise<void>>()
  readonly #timers: NodeJS.Timeout[] = []
  readonly #on: Set<string>
  #plans = 0
  #planning: Promise<void> = Promise.resolve()

  constructor(options: InjectorOptions) {
    this.#options = options
    const bursts = new Set(providerFaults.filter(({ burst }) => burst).map(({ name }) => name))
    this.#on = new Set(options.faults.filter((name) => !bursts.has(name)))
  }

  get injected(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0)
  }

  async start(events: readonly FaultEvent[]): Promise<void> {
    await this.#plan()
    for (const event of events) this.#timers.push(setTimeout(() => this.#begin(event), event.at))
  }

  /** Mends everything: what is under way is cut short. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#stopped.abort()
    await Promise.all(this.#underWay)
    this.#on.clear()
    await this.#plan()
  }

  #begin(event: FaultEvent): void {
    const run = this.#inject(event)
      .then((injected) => {
        if (injected) this.counts.set(event.fault, (this.counts.get(event.fault) ?? 0) + 1)
      })
      .catch((error: unknown) => {
        this.#options.onFailure(`${event.fault}: ${error instanceof Error ? error.message : error}`)
      })
      .finally(() => this.#underWay.delete(run))
    this.#underWay.add(run)
  }

  /** False when there was nothing to break at this moment. */
  async #inject(event: FaultEvent): Promise<boolean> {
    const { apis, workers } = this.#options.cluster
    switch (event.fault) {
      case 'kill-worker':
        return this.#kill(chosen(workers, event.which), event.ms)
      case 'kill-api':
        return this.#kill(chosen(apis, event.which), event.ms)
      case 'freeze-worker':
        return this.#freeze(chosen(workers, event.which), event.ms)
      case 'freeze-api':
        return this.#freeze(chosen(apis, event.which), event.ms)
      case 'restart-worker':
        return restart(chosen(workers, event.which))
      case 'restart-api':
        return restart(chosen(apis, event.which))
      case 'redis-kill':
        return this.#killRedis(event.ms)
      case 'chat-ended':
        return this.#options.endSomeChat(event.which)
    }
    const [, target, how] = /^(redis|uponai|twilio)-(.+)$/.exec(event.fault) ?? []
    if (target !== 'redis' && target !== 'uponai' && target !== 'twilio') throw new Error('no way to inject it')
    if (event.fault.endsWith('-burst')) return this.#burst(event)
    return this.#breakConnections(this.#proxies(target, event), how ?? '', event)
  }

  #proxies(target: 'redis' | 'uponai' | 'twilio', { which, everywhere }: FaultEvent): TcpProxy[] {
    const { apis, workers } = this.#options.cluster
    const all = [...apis, ...workers].flatMap(({ proxies }) => proxies[target] ?? [])
    return everywhere ? all : [chosen(all, which)]
  }

  async #breakConnections(proxies: TcpProxy[], how: string, { ms, deaf }: FaultEvent): Promise<boolean> {
    const { random } = this.#options
    const used = proxies.some(({ connections }) => connections > 0)
    const hitBefore = hitsOf(proxies)
    switch (how) {
      case 'cut':
        for (const proxy of proxies) proxy.cut()
        return used
      case 'half-open':
        await this.#during(
          ms,
          proxies.map((proxy) => proxy.halfOpen(deaf)),
        )
        return hitsOf(proxies) > hitBefore
      case 'slow':
        await this.#during(
          ms,
          proxies.map((proxy) => proxy.slow(() => random.between(50, 400))),
        )
        return hitsOf(proxies) > hitBefore
      case 'refused':
        await this.#during(
          ms,
          proxies.map((proxy) => proxy.refuse()),
        )
        return used
      default:
        throw new Error('no way to inject it')
    }
  }

  async #burst({ fault, ms }: FaultEvent): Promise<boolean> {
    this.#on.add(fault)
    await this.#plan()
    await this.#pause(ms)
    this.#on.delete(fault)
    await this.#plan()
    return true
  }

  async #kill(member: Member, downMs: number): Promise<boolean> {
    const killed = await member.kill()
    await this.#pause(downMs)
    await member.start()
    return killed
  }

  async #freeze(member: Member, ms: number): Promise<boolean> {
    const thaw = member.freeze()
    if (!thaw) return false
    await this.#during(ms, [thaw])
    return true
  }

  async #killRedis(downMs: number): Promise<boolean> {
    const { redis } = this.#options.cluster
    await redis.kill()
    await this.#pause(downMs)
    // Its port may be taken for a moment by somebody's outgoing connection.
    for (let tries = 1; ; tries++) {
      try {
        await redis.start()
        return true
      } catch (error) {
        if (tries === 50) throw error
        await passed(200)
      }
    }
  }

  async #during(ms: number, mend: (() => void | Promise<void>)[]): Promise<void> {
    await this.#pause(ms)
    for (const step of mend) await step()
  }

  async #pause(ms: number): Promise<void> {
    await passed(ms, undefined, { signal: this.#stopped.signal }).catch(() => {})
  }

  /** Tells the sandbox what is on now; one after the other, and each time with other luck. */
  #plan(): Promise<void> {
    const { cluster, seed } = this.#options
    this.#planning = this.#planning.then(() => cluster.sandbox.setFaults(faultPlan(seed + this.#plans++, this.#on)))
    return this.#planning
  }
}

async function restart(member: Member): Promise<boolean> {
  const stopped = await member.stop()
  await member.start()
  return stopped
}

function hitsOf(proxies: readonly TcpProxy[]): number {
  return proxies.reduce((sum, { hits }) => sum + hits, 0)
}

function chosen<T>(list: readonly T[], which: number): T {
  const [one] = list.slice(Math.floor(which * list.length)).slice(0, 1)
  if (one === undefined) throw new Error('there is nothing to choose from')
  return one
}
