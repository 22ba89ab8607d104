import type { Services } from '../../conversations/address-book.ts'
import { acceptSms, cameThrough, type SmsDoor, tryDoor } from './door.ts'
import type { InboundSms } from './inbound.ts'
import type { ReceivedSms, SmsInbox } from './inbox.ts'

/** A `MessageSid` is remembered for 24 hours; what is older would be taken in a second time. */
export const LONGEST_LOOK_BACK_MS = 23 * 3_600_000

/** Passes at most between the caller's reckoning of a look back and ours. */
const ON_THE_WAY_MS = 60_000

/** Listed at a time: within one, Twilio's list, which is newest first, is read to its end before anything is taken. */
const WINDOW_MS = 15 * 60_000

export interface BackfillOptions extends SmsDoor {
  inbox: SmsInbox
  /** From when on, ms; at most {@link LONGEST_LOOK_BACK_MS} ago. */
  since: number
  /** When so many messages of the account, in and out, were listed, the next quarter of an hour is not begun. */
  most: number
  /** Takes nothing in, and tells what would be. */
  dryRun?: boolean
  /** Ends it between two messages. */
  signal?: AbortSignal
  /** Called for each message that was taken in to be answered. */
  onAccepted?: (sms: InboundSms) => void
  /** Called for each message that was taken in, and which a rule keeps from the agent. */
  onDropped?: (sms: InboundSms, reason: string) => void
}

/** What was found for one of our addresses. */
export interface BackfillCounts {
  found: number
  /** Taken in before. */
  seen: number
  accepted: number
  /** Their conversation has too many unanswered messages. */
  left: number
  /** There is no route for the address. */
  notOurs: number
}

export interface BackfillReport {
  since: Date
  /** Up to here nothing is missing any more. */
  until: Date
  /** Up to here all was listed: what is missing before is of conversations that are full. */
  listedUntil: Date
  /** Why that is not now: `most` was reached, or a conversation is full. */
  stoppedBy?: 'most' | 'full'
  /** Messages of the account that Twilio listed. */
  looked: number
  numbers: ({ number: string } & BackfillCounts)[]
  total: BackfillCounts
}

/**
 * Asks Twilio for the messages that people sent since a time, and takes in those that never came: oldest first over all our
 * addresses, through the same door as the webhook, so that a webhook that comes meanwhile doubles nothing.
 * @throws RangeError for a look back so long that messages would be taken in again
 * @throws SmsError when Twilio cannot be asked; what was taken until then stays taken, and the same again does no harm
 */
export async function backfill(options: BackfillOptions): Promise<BackfillReport> {
  const { inbox, most, signal } = options
  const now = Date.now()
  if (now - options.since > LONGEST_LOOK_BACK_MS + ON_THE_WAY_MS)
    throw new RangeError('expected at most 23 h: messages are remembered for 24 h, older ones would be taken in again')
  const began = Math.floor(options.since / 1_000) * 1_000
  const run = new Run(options)
  let looked = 0
  for (let since = began; ; since += WINDOW_MS) {
    const last = since + WINDOW_MS > now
    const listed = await inbox.received(since, last ? undefined : since + WINDOW_MS)
    looked += listed.looked
    for (const message of listed.messages) {
      signal?.throwIfAborted()
      await run.take(message)
    }
    if (last) return run.report(began, now, looked)
    if (looked >= most) return run.report(began, since + WINDOW_MS, looked, 'most')
  }
}

class Run {
  readonly #options: BackfillOptions
  readonly #numbers = new Map<string, BackfillCounts>()
  readonly #services = new Map<string, Services>()
  /** The conversations that take no more, each by its two ends: what comes behind must not overtake. */
  readonly #full = new Set<string>()
  #firstLeft: number | undefined

  constructor(options: BackfillOptions) {
    this.#options = options
  }

  async take({ sms: listed, at }: ReceivedSms): Promise<void> {
    const services = await this.#servicesOf(listed.to)
    const sms = withService(listed, services)
    const counts = this.#countsOf(sms.to)
    counts.found++
    const ends = `${sms.messagingServiceSid ?? sms.to}\n${sms.from}`
    const status = this.#full.has(ends) ? 'full' : await this.#pass(sms, at, services)
    if (status === 'full') {
      this.#full.add(ends)
      this.#firstLeft ??= at
    }
    counts[COUNTED_AS[status]]++
  }

  report(since: number, until: number, looked: number, stoppedBy?: 'most'): BackfillReport {
    const numbers = [...this.#numbers].map(([number, counts]) => ({ number, ...counts }))
    const total = noCounts()
    for (const counts of numbers) for (const name of NAMES) total[name] += counts[name]
    const left = this.#firstLeft
    return {
      since: new Date(since),
      until: new Date(left ?? until),
      listedUntil: new Date(until),
      ...(left === undefined ? stoppedBy && { stoppedBy } : { stoppedBy: 'full' }),
      looked,
      numbers: numbers.sort((one, other) => one.number.localeCompare(other.number)),
      total,
    }
  }

  async #pass(sms: InboundSms, at: number, { now, before }: Services) {
    // Since the message came the number may have joined or left a service, and the list often does not say, or got or lost a
    // route of its own.
    if (await cameThrough(this.#options.conversations, sms, [sms.messagingServiceSid, now, before])) return 'duplicate'
    if (this.#options.dryRun) return tryDoor(this.#options, sms)
    const acceptance = await acceptSms(this.#options, sms, at)
    if (acceptance.status === 'accepted') this.#options.onAccepted?.(sms)
    if (acceptance.status === 'dropped') this.#options.onDropped?.(sms, acceptance.reason)
    return acceptance.status
  }

  async #servicesOf(number: string): Promise<Services> {
    const known = this.#services.get(number) ?? (await this.#options.conversations.servicesOf(number))
    this.#services.set(number, known)
    return known
  }

  #countsOf(number: string): BackfillCounts {
    const counts = this.#numbers.get(number) ?? noCounts()
    this.#numbers.set(number, counts)
    return counts
  }
}

/**
 * The conversation of a message depends on its Messaging Service, which the webhook always names. Where the list does not,
 * the last webhook's word for the same address holds.
 */
function withService(sms: InboundSms, { now }: Services): InboundSms {
  if (sms.messagingServiceSid !== undefined || now === undefined) return sms
  return { ...sms, messagingServiceSid: now }
}

const NAMES = ['found', 'seen', 'accepted', 'left', 'notOurs'] as const satisfies (keyof BackfillCounts)[]

const COUNTED_AS = {
  accepted: 'accepted',
  dropped: 'accepted',
  duplicate: 'seen',
  // Twilio's id is the same, whatever became of the text.
  conflict: 'seen',
  full: 'left',
  no_route: 'notOurs',
} as const satisfies Record<string, keyof BackfillCounts>

function noCounts(): BackfillCounts {
  return { found: 0, seen: 0, accepted: 0, left: 0, notOurs: 0 }
}
