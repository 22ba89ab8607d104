import { crc32 } from 'node:zlib'

/**
 * Messages in a row that say nothing new (the text of the one before, or our own last one) and are answered. Twilio breaks a
 * loop of TwiML replies after as many.
 * @see https://www.twilio.com/docs/api/errors/14107
 */
const MOST_REPEATS = 15
/** With a longer pause before it, a repeat counts from the beginning. */
const REPEATED_WITHIN_MS = 10 * 60_000

/** Answers in a row to which a message came so soon that nobody read them, and that are answered. */
const MOST_RAPID = 100
const RAPID_WITHIN_MS = 5_000
/** So long nothing must come until a capped exchange begins anew. */
const QUIET_MS = 60_000

/** A short text is told from another by its digits (an answer in a menu), a long one is not (a time, a number of a ticket). */
const SHORT = 20

/** What is known of an exchange on a channel that sends, from one message to the next. */
export interface Exchange {
  repeats: number
  rapid: number
  /** When the last message was answered or dropped, ms. */
  at: number
  /** {@link printOf} what the person said last, and of what we did. */
  heard: string
  said: string
}

const STORED = /^(\d{1,6}) (\d{1,6}) (\d{1,16}) (\S*) (\S*)$/

/** Reads what {@link written} made; undefined for anything else. */
export function readExchange(stored: string | undefined): Exchange | undefined {
  const [, repeats, rapid, at, heard = '', said = ''] = STORED.exec(stored ?? '') ?? []
  return at === undefined ? undefined : { repeats: Number(repeats), rapid: Number(rapid), at: Number(at), heard, said }
}

/** One short field: every idle conversation keeps it. */
export function written({ repeats, rapid, at, heard, said }: Exchange): string {
  return `${repeats} ${rapid} ${at} ${heard} ${said}`
}

/** A checksum of what is compared of a text: not its case, blanks and, in a long one, its numbers. */
export function printOf(text: string): string {
  const plain = text.trim().toLowerCase().replaceAll(/\s+/gu, ' ')
  return crc32(plain.length > SHORT ? plain.replaceAll(/\p{Nd}+/gu, '0') : plain).toString(36)
}

/** The exchange with one more message in it. */
export function withMessage(before: Exchange | undefined, text: string, at: number): Exchange {
  const heard = printOf(text)
  if (!before) return { repeats: 0, rapid: 0, at, heard, said: '' }
  const pause = at - before.at
  // What waited for long, or was replayed, is older than our answer: it is no reply either.
  const repeated = (heard === before.heard || heard === before.said) && Math.abs(pause) < REPEATED_WITHIN_MS
  return {
    repeats: repeated ? before.repeats + 1 : 0,
    rapid: rapidIn(before.rapid, pause),
    at,
    heard,
    said: before.said,
  }
}

/** What came before our answer is no reply to it, and says nothing of a machine. */
function rapidIn(rapid: number, pause: number): number {
  if (pause < 0 || (rapid >= MOST_RAPID && pause < QUIET_MS)) return rapid
  return pause < RAPID_WITHIN_MS ? rapid + 1 : 0
}

/** Whether it goes on like one between two machines. */
export function isLoop({ repeats, rapid }: Exchange): boolean {
  return repeats >= MOST_REPEATS || rapid >= MOST_RAPID
}
