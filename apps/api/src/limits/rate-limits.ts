import type { connectRedis, WebLimits } from '@chatlane/core'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { Caller } from '../auth/caller.ts'
import { type Limit, Problem } from '../problems.ts'

/** Something that is counted: what it is called in words, in Redis and in the metrics. */
interface Rule {
  /** After the prefix in Redis' keys. */
  name: string
  points: number
  /** Seconds. */
  duration: number
  expected: string
  limit: Limit
}

const DAY = 86_400

/** Points of a read: a page of 50 messages, or the beginning of a stream. */
const READS = { ofConversation: 120, ofAddress: 3_000 }

/** As many bytes as 50 short messages are one point. */
const BYTES_PER_POINT = 32 * 1024

const readsOf = (name: string, points: number, whose: string): Rule => ({
  name: `reads:${name}`,
  points,
  duration: 60,
  expected: `expected at most ${points} reads a minute ${whose}, of 50 messages or 32 kB each`,
  limit: 'reads',
})
const readsOfConversation = readsOf('conversation', READS.ofConversation, 'of one conversation')
const readsOfAddress = readsOf('address', READS.ofAddress, 'from one address')

/** Who asks, as far as limits go. */
export interface Visitor {
  caller: Caller
  conversation: string
  /** See {@link clientAddress}. */
  address: string
}

/**
 * How fast strangers may go, counted in Redis for all processes together; while Redis is away each process counts for itself.
 * Servers with a key are held back by the number of unanswered messages; a process only stops one that runs wild.
 */
export class RateLimits {
  readonly #redis: ReturnType<typeof connectRedis>
  readonly #prefix: string
  readonly #limiters = new Map<string, RateLimiterRedis>()
  readonly #server = new RateLimiterMemory({ keyPrefix: 'server', points: 1_000, duration: 10 })

  constructor({ redis, prefix }: { redis: ReturnType<typeof connectRedis>; prefix: string }) {
    this.#redis = redis
    this.#prefix = `${prefix}:limit:`
  }

  /** A browser begins a conversation. @throws Problem `too_fast` */
  async creation(address: string, publicKey: string, most: WebLimits): Promise<void> {
    const rule = (name: string, points: number, duration: number, whose: string): Rule => ({
      name: `conversations:${name}`,
      points,
      duration,
      expected: `expected at most ${points} conversations a ${duration === DAY ? 'day' : 'minute'} ${whose}`,
      limit: 'conversations',
    })
    await Promise.all([
      this.#consume(rule('address', most.addressConversationsPerMinute, 60, 'from one address'), address),
      this.#consume(rule('address-day', most.addressConversationsPerDay, DAY, 'from one address'), address),
    ])
    // Behind them: what one address is refused must not be taken from everybody else.
    await this.#consume(rule('key', most.conversationsPerMinute, 60, 'with one public key'), publicKey)
  }

  /** A server writes to a person, in whatever conversation. @throws Problem `too_fast` */
  outbound(to: string): Promise<void> {
    return this.#runaway(to, 'expected at most 1000 requests in 10 seconds for one person')
  }

  /** Something goes into a conversation. @throws Problem `too_fast` */
  async message({ caller, conversation, address }: Visitor, most: WebLimits): Promise<void> {
    if (caller === 'server')
      return this.#runaway(conversation, 'expected at most 1000 requests in 10 seconds to one conversation')
    const rule = (name: string, points: number, duration: number, expected: string): Rule => ({
      name: `messages:${name}`,
      points,
      duration,
      expected: `expected at most ${points} ${expected}`,
      limit: 'messages',
    })
    const { addressMessagesPerMinute, addressMessagesPerDay, conversationMessagesPerDay } = most
    await Promise.all([
      // One a second, twenty at once: faster than a person writes.
      this.#consume(rule('conversation', 20, 20, 'requests in 20 seconds'), conversation),
      this.#consume(
        rule('conversation-day', conversationMessagesPerDay, DAY, 'messages a day in one conversation'),
        conversation,
      ),
      this.#consume(rule('address', addressMessagesPerMinute, 60, 'messages a minute from one address'), address),
      this.#consume(rule('address-day', addressMessagesPerDay, DAY, 'messages a day from one address'), address),
    ])
  }

  /**
   * A conversation is read.
   * @param items messages that are asked for at most
   * @throws Problem `too_fast`
   */
  async read({ caller, conversation, address }: Visitor, items = 1): Promise<void> {
    if (caller === 'server') return
    const cost = Math.ceil(items / 50)
    await Promise.all([
      this.#consume(readsOfConversation, conversation, cost),
      this.#consume(readsOfAddress, address, cost),
    ])
  }

  /** What a read of so many items brought was longer than it was taken for: it counts as more, for the next one. */
  async brought({ caller, conversation, address }: Visitor, items: number, bytes: number): Promise<void> {
    const more = Math.floor(bytes / BYTES_PER_POINT) - Math.ceil(items / 50)
    if (caller === 'server' || more <= 0) return
    await Promise.all([
      this.#limiterOf(readsOfConversation).penalty(conversation, more),
      this.#limiterOf(readsOfAddress).penalty(address, more),
    ])
  }

  async #runaway(key: string, expected: string): Promise<void> {
    await consume(this.#server, key, 1, { expected, limit: 'messages' })
  }

  #consume(rule: Rule, key: string, cost = 1): Promise<void> {
    return consume(this.#limiterOf(rule), key, cost, rule)
  }

  /** Routes may have limits of their own: one limiter per number, few in all. */
  #limiterOf({ name, points, duration }: Rule): RateLimiterRedis {
    const which = `${name} ${points}`
    const known = this.#limiters.get(which)
    if (known) return known
    const settings = { keyPrefix: `${this.#prefix}${name}`, points, duration }
    const limiter = new RateLimiterRedis({
      ...settings,
      storeClient: this.#redis,
      rejectIfRedisNotReady: true,
      insuranceLimiter: new RateLimiterMemory(settings),
      // Who was refused is refused without asking Redis until the time is over.
      inMemoryBlockOnConsumed: points + 1,
    })
    this.#limiters.set(which, limiter)
    return limiter
  }
}

async function consume(
  limiter: RateLimiterMemory | RateLimiterRedis,
  key: string,
  cost: number,
  { expected, limit }: Pick<Rule, 'expected' | 'limit'>,
): Promise<void> {
  try {
    await limiter.consume(key, cost)
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal
    throw new Problem('too_fast', expected, { retryAfter: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)), limit })
  }
}
