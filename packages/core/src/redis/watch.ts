import type { Cluster, Redis } from 'ioredis'
import { errorForLog } from '../logging/error.ts'
import type { Logger } from '../logging/logger.ts'
import { look } from './look.ts'
import { type Access, lackingOf } from './rights.ts'
import type { RedisRole } from './role.ts'
import { type Trouble, troubleOf, unknownTrouble } from './trouble.ts'
import { isRedisUnavailable } from './unavailable.ts'
import { within } from './within.ts'

/** An answer to {@link RedisWatch.problem} holds for so long: whoever asks more often causes no more work. */
const KNOWN_MS = 1_000

const ANSWER_WITHIN_MS = 3_000

/** Without trouble it is looked so often, in it once a second. */
const LOOK_EVERY_MS = 5_000
const TICK_MS = 1_000

/** What only breaks a connection waits so long for the next try to tell why. */
const VAGUE_MS = 1_000

/** BullMQ's connections, which only tell of failures, are well when they told of none for longer than between two tries. */
const QUIET_MS = 5_000

const NEVER_READY =
  '. It was never there: is it Redis that listens at this address, and TLS (rediss://) or not (redis://) as REDIS_URL says?'

interface Outage {
  since: number
  role: string
  /** The words that were logged. */
  told: Set<string>
  /** Waits for a better reason. */
  vague?: NodeJS.Timeout
  /** What was logged last. */
  words: string
  /** The same as whoever waits for Redis wants to read it: what somebody has to do, or how the last try failed. */
  reason: string
}

/**
 * Knows how Redis is for this process, over all its connections: one line of the log when trouble begins, one for each
 * further reason that somebody has to act on, one when all is well. Well means more than connected: every connection is
 * ready, BullMQ's have been quiet, and Redis took a write.
 */
export class RedisWatch {
  readonly #logger: Logger
  readonly #access: Access
  readonly #clients = new Map<Redis | Cluster, RedisRole | 'start'>()
  #timer: NodeJS.Timeout | undefined
  #outage: Outage | undefined
  #everReady = false
  /** BullMQ passes on what it hears from our connections. */
  readonly #seen = new WeakSet<Error>()
  /** When a connection that is not watched itself last failed. */
  #reported = 0
  #looked = 0
  #known: { at: number; problem: Promise<string | undefined> } | undefined

  /** @param access the configuration of Redis */
  constructor(logger: Logger, access: Access) {
    this.#logger = logger
    this.#access = access
  }

  /** Why nothing comes from Redis now: what somebody has to do, or how the last try failed; undefined when all is well. */
  get reason(): string | undefined {
    return this.#outage?.reason
  }

  /** Watches a connection until it is closed by us. */
  add(client: Redis | Cluster, role: RedisRole | 'start'): void {
    this.#timer ??= setInterval(() => void this.#tick(), TICK_MS).unref()
    this.#clients.set(client, role)
    // ioredis reports each failed try; without a listener it prints them itself.
    client.on('error', (error: Error) => {
      this.#seen.add(error)
      this.#trouble(error, role)
    })
    client.on('close', () => {
      if (client.status !== 'end') this.#forget()
    })
    client.on('ready', () => {
      this.#everReady = true
      void this.#tick()
    })
    client.once('end', () => {
      this.#clients.delete(client)
      if (this.#clients.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
      clearTimeout(this.#outage?.vague)
    })
  }

  /**
   * Told of a failure of a connection, or of a command, that nobody waits for.
   * @returns whether that is how Redis is, and so is logged here
   */
  report(error: unknown, role = 'queue'): boolean {
    const trouble = troubleOf(error)
    if (!trouble) return isRedisUnavailable(error)
    // A command that failed with its connection, which tells why by itself; or one of ours, which told it already.
    if (trouble.vague || (error instanceof Error && this.#seen.has(error))) return true
    this.#reported = Date.now()
    this.#trouble(error, role)
    return true
  }

  /** Told of what somebody else found to be wrong, in words. */
  found(problem: string, role: RedisRole | 'start'): void {
    this.#begin({ words: problem, act: true }, undefined, role)
  }

  /** What keeps Redis from taking messages, in a few words; undefined when nothing does. */
  problem(): Promise<string | undefined> {
    const now = Date.now()
    if (this.#known && now - this.#known.at < KNOWN_MS) return this.#known.problem
    const problem = this.#look()
    this.#known = { at: now, problem }
    return problem
  }

  #forget(): void {
    this.#known = undefined
  }

  async #look(): Promise<string | undefined> {
    const main = this.#main()
    this.#looked = Date.now()
    if (main === undefined) return this.#outage?.words
    if (main.status !== 'ready') return this.#outage?.words ?? 'Redis cannot be reached'
    const found = await within(ANSWER_WITHIN_MS, look(main, this.#access))
    if (found === undefined) return 'Redis does not answer'
    if (found.problem === undefined) return undefined
    this.found(found.problem, this.#clients.get(main) ?? 'worker')
    return found.problem
  }

  /** The connection that writes. */
  #main(): Redis | Cluster | undefined {
    for (const [client, role] of this.#clients) if (role === 'request' || role === 'worker') return client
    return undefined
  }

  #trouble(error: unknown, role: string): void {
    this.#forget()
    const trouble = troubleOf(error) ?? unknownTrouble
    // What answers something else, or nothing, from the beginning on gives no reason of its own.
    const hint = !this.#everReady && (trouble.vague || trouble.silent) ? NEVER_READY : ''
    const words = lackingOf(error, this.#access) ?? `${trouble.words}${hint}`
    this.#begin({ ...trouble, words }, error, role)
  }

  #begin(trouble: Trouble, error: unknown, role: string): void {
    const { act, words } = trouble
    const reason = act ? words : reasonOf(error)
    this.#outage ??= { since: Date.now(), role, told: new Set(), words, reason }
    const outage = this.#outage
    if (act || !trouble.vague) outage.reason = reason
    if (outage.told.has(words) || (outage.told.size > 0 && !act)) return
    if (trouble.vague) {
      outage.vague ??= setTimeout(() => {
        if (this.#outage === outage && outage.told.size === 0) this.#tell(outage, trouble, error)
      }, VAGUE_MS)
      outage.vague.unref()
    } else this.#tell(outage, trouble, error)
  }

  #tell(outage: Outage, { words }: Trouble, error: unknown): void {
    clearTimeout(outage.vague)
    outage.told.add(words)
    outage.words = words
    const line = { event: 'redis_away', role: outage.role, ...(error !== undefined && { err: plain(error) }) }
    this.#logger.warn(line, words)
  }

  async #tick(): Promise<void> {
    const outage = this.#outage
    if (!outage) {
      if (this.#main() && Date.now() - this.#looked >= LOOK_EVERY_MS) await this.#look()
      return
    }
    const clients = [...this.#clients.keys()]
    if (clients.length === 0 || !clients.every(({ status }) => status === 'ready')) return
    if (Date.now() - this.#reported < QUIET_MS) return
    if (this.#main() ? (await this.#look()) !== undefined : [...this.#clients.values()].includes('start')) return
    if (this.#outage !== outage) return
    clearTimeout(outage.vague)
    this.#outage = undefined
    this.#forget()
    // It broke and was back before the next try could tell why.
    if (outage.told.size === 0) this.#tell(outage, unknownTrouble, undefined)
    this.#logger.info({ event: 'redis_back', role: outage.role, away_ms: Date.now() - outage.since }, 'Redis is back')
  }
}

const reasonOf = (error: unknown) =>
  error instanceof Error ? error.message || String(Reflect.get(error, 'code') ?? error.name) : 'it does not answer'

/** Where in ioredis a failure was noticed helps nobody. */
function plain(error: unknown) {
  const { stack: _, ...err } = errorForLog(error)
  return err
}
