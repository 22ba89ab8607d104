import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { Caller } from './auth/conversation-access.ts'
import { Problem } from './problems.ts'

/** How fast callers may go. Counted in this process: several share a caller's requests, and so allow a little more. */
export class RateLimits {
  readonly #creations = new RateLimiterMemory({ keyPrefix: 'create', points: 20, duration: 60 })
  /** One a second, twenty at once: faster than a person writes. */
  readonly #participant = new RateLimiterMemory({ keyPrefix: 'participant', points: 20, duration: 20 })
  /** Servers are held back by the number of unanswered messages; this only stops one that runs wild. */
  readonly #server = new RateLimiterMemory({ keyPrefix: 'server', points: 1_000, duration: 10 })

  /** A browser begins a conversation. @throws Problem `too_fast` */
  creation(ip: string): Promise<void> {
    return consume(this.#creations, ip, 'expected at most 20 conversations a minute from one address')
  }

  /** A server writes to a person, in whatever conversation. @throws Problem `too_fast` */
  outbound(to: string): Promise<void> {
    return consume(this.#server, to, 'expected at most 1000 requests in 10 seconds for one person')
  }

  /** Something goes into a conversation. @throws Problem `too_fast` */
  message(caller: Caller, conversation: string): Promise<void> {
    return caller === 'server'
      ? consume(this.#server, conversation, 'expected at most 1000 requests in 10 seconds to one conversation')
      : consume(this.#participant, conversation, 'expected at most 20 requests in 20 seconds')
  }
}

async function consume(limiter: RateLimiterMemory, key: string, expected: string): Promise<void> {
  try {
    await limiter.consume(key)
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal
    throw new Problem('too_fast', expected, { retryAfter: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)) })
  }
}
