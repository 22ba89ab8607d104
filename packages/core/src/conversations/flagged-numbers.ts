import type { LaneRedis } from '@chatlane/lanes'
import { codeOfReason } from '../channels/twilio/codes.ts'
import { spellingsOf } from '../identity/identity.ts'
import { digestOf } from './digest.ts'

/** Numbers change hands: a flag is forgotten so long after the last failure. */
const KEPT_SECONDS = 30 * 24 * 3_600

/** Failures remembered per number; more say nothing more. */
const MOST_KEPT = 10

/** What speaks against sending to a number. */
export interface Flag {
  /** As on the message that failed last: `twilio_<code>`. */
  reason: string
  at: Date
}

/**
 * Numbers to which nothing can be sent, by what Twilio said of messages to them: landlines, numbers out of service and the
 * like. Nothing is refused because of a flag here; whoever begins a conversation can look.
 */
export class FlaggedNumbers {
  readonly #redis: LaneRedis
  readonly #prefix: string

  constructor(redis: LaneRedis, prefix: string) {
    this.#redis = redis
    this.#prefix = prefix
  }

  /**
   * Notes a message that did not arrive. As many as the code asks for, without a delivery between them, flag the number.
   * @param once names the failure: the same one again counts once
   */
  async flag(address: string, reason: string, once: string): Promise<void> {
    const [key] = this.#keysOf(address)
    if ((await this.#redis.hlen(key)) >= MOST_KEPT) return
    await this.#redis.multi().hset(key, once, `${Date.now()} ${reason}`).expire(key, KEPT_SECONDS).exec()
  }

  /** Undefined: nothing speaks against the number. */
  async isFlagged(address: string): Promise<Flag | undefined> {
    const stored = await Promise.all(this.#keysOf(address).map((key) => this.#redis.hvals(key)))
    const failures = stored.flat().map(parseFailure)
    failures.sort((a, b) => a.at.getTime() - b.at.getTime())
    const last = failures.at(-1)
    const enough = last && codeOfReason(last.reason)?.entry?.flagAfter
    return enough !== undefined && failures.length >= enough ? last : undefined
  }

  /** A message arrived: the number is good. */
  async lift(address: string): Promise<void> {
    await Promise.all(this.#keysOf(address).map((key) => this.#redis.del(key)))
  }

  /** The number's key, and those under which earlier versions stored its other spellings. */
  #keysOf(address: string): [string, ...string[]] {
    const [present, ...others] = spellingsOf(address)
    return [this.#keyOf(present), ...others.map((other) => this.#keyOf(other))]
  }

  #keyOf(address: string): string {
    const digest = digestOf(address)
    return `${this.#prefix}:flagged:${digest}`
  }
}

function parseFailure(text: string): Flag {
  const [at, reason = ''] = text.split(' ')
  return { reason, at: new Date(Number(at)) }
}
