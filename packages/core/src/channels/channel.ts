import type { Channel } from '../conversations/origin.ts'
import type { TextMarks } from '../text/markdown.ts'
import type { Said } from './twilio/said.ts'

/** What every channel says of itself; how it differs from the others is here and nowhere else. */
export interface ChannelDefinition {
  readonly name: Channel
  /**
   * Characters (UTF-16 units) that one message holds. On the web that is a person's, and a longer one is refused; where we
   * send it is ours, and a longer text goes out in parts.
   */
  readonly mostCharacters: number
  /** Whether an address, a person's or one of ours, is of this channel. */
  owns(address: string): boolean
}

/** A channel whose messages Twilio brings and sends. */
export interface CarriedChannel extends ChannelDefinition {
  readonly name: Exclude<Channel, 'web'>
  /** The text of what came in, attachments aside; empty when there is none. */
  read(said: Said): string
  /** How a text stands out there. */
  readonly marks: TextMarks
  /** Files that one message of ours holds. */
  readonly mostFiles: number
  /** How much a text takes of what its sender may send per second: segments or messages. */
  weigh(text: string): number
  /** How long after a person's last message free texts may be sent to them, ms; absent: at any time. */
  readonly windowMs?: number
}

/** Twilio takes at most this many characters per message, on every channel; more is its error 21617. */
export const TWILIO_MOST_CHARACTERS = 1_600
