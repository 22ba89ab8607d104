import type { LaneRedis } from '@chatlane/lanes'
import { countryOf } from '../channels/phone-number.ts'
import type { TwilioCode } from '../channels/twilio/code.ts'
import { codeOfReason } from '../channels/twilio/codes.ts'
import { digestOf } from '../conversations/digest.ts'
import type { Logger } from '../logging/logger.ts'
import { type HeldSender, noteHeldSender, senderKeys } from './held-senders.ts'
import { type GateKeys, holdScript, passScript } from './sender-gate-scripts.ts'

/**
 * After a pause that ends only when something goes through, one message goes ahead; the others wait so long for its outcome. A
 * message that was refused itself goes ahead only when nobody else did so long after the pause.
 */
const PROBE = { probeMs: 20_000, graceMs: 75_000, othersFirstMs: 5_000 }

/** The first pause that ends when something goes through. */
const FIRST_HOLD_MS = 5_000

/** So long after its last failure nobody remembers that a sender paused. */
const REMEMBERED_MS = 15 * 60_000

/** A message on its way. */
export interface Ends {
  sender: string
  /** The person's address. */
  to: string
  /** Whose message it is that waits when it cannot go; absent: none does. */
  conversation?: string
}

/** What stands in a message's way, if anything does. */
export interface Passage {
  /** 0: it may go now; else the place that it was given in time, or when to ask again. */
  waitMs: number
  /** The sender pauses: why, and for how long by now. */
  held?: { reason: string; forMs: number }
  /** Its success shows that the reason in the sender's way is gone. */
  probe?: string
}

export interface SenderGateOptions {
  redis: LaneRedis
  prefix: string
  logger: Logger
}

/**
 * Stands before what a sender sends, for all processes together: how much in how much time, and not at all while it pauses.
 *
 * A refusal that is about the sender makes it a suspect; when another recipient's message is refused as well, with none taken
 * between them, the sender pauses. After the pause a message goes ahead whose conversation was refused least.
 *
 * Pacing gives each message its own place in time, in the order in which they ask: a message asks once and comes back when it
 * is due, however many wait. (rate-limiter-flexible counts in whole windows and refuses: those who wait would ask again and
 * again, and a long text that is more than a window holds would never go.) A sender's keys share a hash slot.
 */
export class SenderGate {
  readonly #options: SenderGateOptions
  readonly #held = new Map<string, HeldSender>()

  constructor(options: SenderGateOptions) {
    this.#options = options
  }

  /** Whether the sender pauses, or did not long ago; else a message that takes no time of its rate may go. */
  async mayPause(ends: Ends): Promise<boolean> {
    const { holds } = this.#keysOf(ends, startsInUs(ends.to))
    if ((await this.#options.redis.exists(...holds)) > 0) return true
    this.#held.delete(ends.sender)
    return false
  }

  /** @param costMs the time that a message takes of its sender's rate; 0: it has its place already, or needs none */
  async pass(ends: Ends, costMs: number): Promise<Passage> {
    const { sender } = ends
    const keys = this.#keysOf(ends, isInUs(ends.to))
    const answer = await passScript(this.#options.redis, keys, costMs, PROBE, ends.conversation ?? '')
    if (answer.state === 'held') {
      const { waitMs, reason, since, until, waiting } = answer
      this.#held.set(sender, { sender, reason, since, until, waiting })
      return { waitMs, held: { reason, forMs: Math.max(0, until - since) } }
    }
    if (answer.reason === '') this.#held.delete(sender)
    return { waitMs: answer.waitMs, ...(answer.state === 'probe' && { probe: answer.reason }) }
  }

  /** A refusal that is about the sender: it pauses, or is suspected until another recipient's message is refused too. */
  async hold(ends: Ends, reason: string, code: TwilioCode): Promise<void> {
    const { redis, logger, prefix } = this.#options
    const { sender, to, conversation = '' } = ends
    const { holdMs = 0, holdsFor, endsWith, words, alert } = code
    if (holdsFor !== undefined && countryOf(to) !== holdsFor) return
    const keys = senderKeys(prefix, sender, holdsFor)
    const times = {
      least: endsWith === undefined ? holdMs : Math.min(FIRST_HOLD_MS, holdMs),
      most: holdMs,
      kept: endsWith === undefined ? holdMs : holdMs + REMEMBERED_MS,
    }
    const about = { reason, recipient: digestOf(to), conversation, suspectFirst: code.class === 'sender' }
    await noteHeldSender(redis, prefix, sender, holdsFor)
    const { state, since } = await holdScript(redis, keys, times, about)
    const line = { event: 'sender_paused', from: sender, reason, words, ...(holdsFor && { country: holdsFor }) }
    if (state === 'suspected') {
      logger.error({ ...line, event: 'sender_refused' }, 'a message of this sender was refused; others go on')
      return
    }
    this.#held.set(sender, { waiting: 0, ...this.#held.get(sender), sender, reason, since, until: Date.now() + holdMs })
    if (state === 'goes_on') return
    if (alert) logger.error(line, 'nothing of this sender goes through: its messages wait until one does')
    else logger.warn(line, 'a sender pauses: its messages wait')
  }

  /** Twilio took a message that went ahead. */
  async taken(ends: Ends, probe: string): Promise<void> {
    const { entry } = codeOfReason(probe) ?? {}
    const { hold, waiting } = senderKeys(this.#options.prefix, ends.sender, entry?.holdsFor)
    if (entry?.endsWith === 'taken') await this.#end(ends.sender, hold, waiting, probe)
    else await this.#options.redis.zrem(waiting, ends.conversation ?? '')
  }

  /** A message was given up: it waits no more. */
  async gaveUp(ends: Ends): Promise<void> {
    const { redis, prefix } = this.#options
    await redis.zrem(senderKeys(prefix, ends.sender).waiting, ends.conversation ?? '')
  }

  /** A message of the sender's was delivered. */
  async delivered(ends: Ends): Promise<void> {
    const { redis } = this.#options
    if (!(await this.mayPause(ends))) return
    const { holds, waiting } = this.#keysOf(ends, isInUs(ends.to))
    for (const hold of holds) {
      const reason = (await redis.hget(hold, 'reason')) ?? ''
      if (codeOfReason(reason)?.entry?.endsWith === 'delivered') await this.#end(ends.sender, hold, waiting, reason)
    }
  }

  /** Senders that pause now, as far as this process has seen. */
  get held(): HeldSender[] {
    const now = Date.now()
    for (const [sender, { until }] of this.#held) if (until + PROBE.probeMs < now) this.#held.delete(sender)
    return [...this.#held.values()]
  }

  async #end(sender: string, hold: string, waiting: string, reason: string): Promise<void> {
    this.#held.delete(sender)
    const { redis, logger } = this.#options
    const wasSuspected = (await redis.hexists(hold, 'by')) === 1
    if ((await redis.del(hold, waiting)) === 0 || wasSuspected) return
    logger.info({ event: 'sender_resumed', from: sender, reason }, 'the messages of a sender go on')
  }

  #keysOf({ sender }: Ends, us: boolean): GateKeys {
    const { prefix } = this.#options
    const { hold, waiting, pace } = senderKeys(prefix, sender)
    return { pace, waiting, holds: us ? [hold, senderKeys(prefix, sender, 'US').hold] : [hold] }
  }
}

const startsInUs = (to: string) => to.includes('+1')
const isInUs = (to: string) => startsInUs(to) && countryOf(to) === 'US'
