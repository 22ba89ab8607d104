import type { LaneRedis } from '@chatlane/lanes'
import { codeOfReason, type TwilioCode } from '../channels/twilio/codes.ts'
import { digestOf } from '../conversations/digest.ts'
import type { Logger } from '../logging/logger.ts'
import { holdScript, passScript } from './sender-gate-scripts.ts'

/** After a pause that ends only when something goes through, one message goes ahead; the others wait so long for its outcome. */
const PROBE_MS = 20_000

/** So long after its last failure nobody remembers that a sender paused. */
const REMEMBERED_MS = 15 * 60_000

/** What stands in a message's way, if anything does. */
export interface Passage {
  /** 0: it may go now; else the place that it was given in time, or when to ask again. */
  waitMs: number
  /** The sender pauses: why, and for how long by now. */
  held?: { reason: string; forMs: number }
  /** It goes ahead to see whether the reason for the pause is gone. */
  probe?: string
}

/** A sender that pauses, as far as this process has seen. */
export interface HeldSender {
  sender: string
  reason: string
}

export interface SenderGateOptions {
  redis: LaneRedis
  prefix: string
  logger: Logger
}

/**
 * Stands before what a sender sends, for all processes together: how much in how much time, and not at all while it pauses.
 *
 * Pacing gives each message its own place in time, in the order in which they ask: a message asks once and comes back when it
 * is due, however many wait. (rate-limiter-flexible counts in whole windows and refuses: those who wait would ask again and
 * again, and a long text that is more than a window holds would never go.) A sender's two keys share a hash slot.
 */
export class SenderGate {
  readonly #options: SenderGateOptions
  readonly #held = new Map<string, { reason: string; until: number }>()

  constructor(options: SenderGateOptions) {
    this.#options = options
  }

  /** Whether the sender pauses, or did not long ago; else a message that takes no time of its rate may go. */
  async mayPause(sender: string): Promise<boolean> {
    if ((await this.#options.redis.exists(this.#keysOf(sender).hold)) === 1) return true
    this.#held.delete(sender)
    return false
  }

  /** @param costMs the time that a message takes of its sender's rate; 0: it has its place already, or needs none */
  async pass(sender: string, costMs: number): Promise<Passage> {
    const { redis } = this.#options
    const answer = await passScript(redis, this.#keysOf(sender), costMs, PROBE_MS)
    if (answer.state === 'held') {
      const { waitMs, reason, forMs } = answer
      this.#held.set(sender, { reason, until: Date.now() + waitMs })
      return { waitMs, held: { reason, forMs } }
    }
    if (answer.reason === '') this.#held.delete(sender)
    return { waitMs: answer.waitMs, ...(answer.state === 'probe' && { probe: answer.reason }) }
  }

  /**
   * The sender pauses: for all of its messages something is in the way.
   * @returns for how long it has paused by now, ms
   */
  async hold(sender: string, reason: string, { holdMs = 0, endsWith, words, alert }: TwilioCode): Promise<number> {
    const { redis, logger } = this.#options
    const keptMs = endsWith === undefined ? holdMs : holdMs + REMEMBERED_MS
    const pausedMs = await holdScript(redis, this.#keysOf(sender).hold, holdMs, keptMs, reason)
    this.#held.set(sender, { reason, until: Date.now() + holdMs })
    if (pausedMs !== undefined) return pausedMs
    const line = { event: 'sender_paused', from: sender, reason, words }
    if (alert) logger.error(line, 'nothing of this sender goes through: its messages wait, and fail after some minutes')
    else logger.warn(line, 'a sender pauses: its messages wait')
    return 0
  }

  /** Twilio took a message that went ahead. */
  async taken(sender: string, probe: string): Promise<void> {
    if (codeOfReason(probe)?.entry?.endsWith === 'taken') await this.#end(sender, probe)
  }

  /** A message of the sender's was delivered. */
  async delivered(sender: string): Promise<void> {
    const reason = (await this.#options.redis.get(this.#keysOf(sender).hold))?.split(' ')[2] ?? ''
    if (codeOfReason(reason)?.entry?.endsWith === 'delivered') await this.#end(sender, reason)
  }

  /** Senders that pause now, as far as this process has seen. */
  get held(): HeldSender[] {
    const now = Date.now()
    for (const [sender, { until }] of this.#held) if (until + PROBE_MS < now) this.#held.delete(sender)
    return [...this.#held].map(([sender, { reason }]) => ({ sender, reason }))
  }

  async #end(sender: string, reason: string): Promise<void> {
    this.#held.delete(sender)
    if ((await this.#options.redis.del(this.#keysOf(sender).hold)) === 0) return
    this.#options.logger.info({ event: 'sender_resumed', from: sender, reason }, 'the messages of a sender go on')
  }

  #keysOf(sender: string) {
    const digest = digestOf(sender)
    const tag = `{${this.#options.prefix}:sender:${digest}}`
    return { hold: `${tag}:hold`, pace: `${tag}:pace` }
  }
}
