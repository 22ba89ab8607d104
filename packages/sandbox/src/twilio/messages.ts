import { randomUUID } from 'node:crypto'
import type { MessageStatus } from '../settings.ts'
import type { Media } from './media.ts'
import { countSegments } from './segments.ts'

export interface Message {
  /** Position in the order of creation. */
  index: number
  sid: string
  direction: 'inbound' | 'outbound-api'
  from: string | null
  to: string
  body: string
  status: MessageStatus | 'accepted' | 'received' | 'scheduled' | 'canceled'
  numMedia: number
  /** Those of its files that are served. */
  media: readonly Media[]
  messagingServiceSid: string | null
  errorCode: number | null
  /** In US dollars, once the message has gone as far as it goes; null before. */
  price: number | null
  dateCreated: number
  dateSent: number | null
  dateUpdated: number
}

export interface MessageFilter {
  to?: string | undefined
  from?: string | undefined
  /** Times in ms; Twilio compares whole seconds. */
  sentFrom?: number | undefined
  sentUntil?: number | undefined
}

export type NewMessage = Pick<Message, 'direction' | 'from' | 'to' | 'body' | 'status' | 'numMedia'> & {
  sid?: string | undefined
  media?: readonly Media[]
  messagingServiceSid: string | null
}

export function newMessageSid(numMedia: number): string {
  return `${numMedia > 0 ? 'MM' : 'SM'}${randomUUID().replaceAll('-', '')}`
}

/** Twilio's record of all messages, in and out. */
export class MessageBook {
  #bySid = new Map<string, Message>()
  #byRecipient = new Map<string, Message[]>()
  #inOrder: Message[] = []
  /** Twilio's clock, ms. */
  readonly now: () => number

  constructor(now: () => number) {
    this.now = now
  }

  add(wanted: NewMessage): Message {
    const now = this.now()
    const message: Message = {
      media: [],
      ...wanted,
      index: this.#inOrder.length,
      sid: wanted.sid ?? newMessageSid(wanted.numMedia),
      errorCode: null,
      price: null,
      dateCreated: now,
      dateSent: wanted.direction === 'inbound' ? now : null,
      dateUpdated: now,
    }
    this.#bySid.set(message.sid, message)
    this.#inOrder.push(message)
    const toSame = this.#byRecipient.get(message.to)
    if (toSame === undefined) this.#byRecipient.set(message.to, [message])
    else toSame.push(message)
    return message
  }

  get(sid: string): Message | undefined {
    return this.#bySid.get(sid)
  }

  /** Twilio has no record of it any more. */
  remove(message: Message): void {
    this.#bySid.delete(message.sid)
    this.#inOrder = this.#inOrder.filter((other) => other !== message)
    const toSame = this.#byRecipient.get(message.to)?.filter((other) => other !== message) ?? []
    this.#byRecipient.set(message.to, toSame)
  }

  /** Newest first, from below `beforeIndex` on; one more than `limit` shows that there is another page. */
  list(filter: MessageFilter, beforeIndex: number, limit: number): Message[] {
    const candidates = filter.to === undefined ? this.#inOrder : (this.#byRecipient.get(filter.to) ?? [])
    const found: Message[] = []
    for (let i = candidates.length - 1; i >= 0 && found.length < limit; i -= 1) {
      const message = candidates[i]
      if (message !== undefined && message.index < beforeIndex && fits(message, filter)) found.push(message)
    }
    return found
  }

  clear(): void {
    this.#bySid = new Map()
    this.#byRecipient = new Map()
    this.#inOrder = []
  }
}

/** A message that was not sent yet has no DateSent and fits no filter on it. */
function fits(message: Message, { from, sentFrom, sentUntil }: MessageFilter): boolean {
  if (from !== undefined && message.from !== from) return false
  if (sentFrom === undefined && sentUntil === undefined) return true
  if (message.dateSent === null) return false
  const sent = Math.floor(message.dateSent / 1000) * 1000
  return (sentFrom === undefined || sent >= sentFrom) && (sentUntil === undefined || sent <= sentUntil)
}

/** Times of Twilio's API of 2010: RFC 2822. */
function rfc2822(time: number): string {
  return new Date(time).toUTCString().replace('GMT', '+0000')
}

/** The message resource as Twilio's API answers it. */
export function messageResource(message: Message, accountSid: string) {
  const uri = `/2010-04-01/Accounts/${accountSid}/Messages/${message.sid}`
  return {
    account_sid: accountSid,
    api_version: '2010-04-01',
    body: message.body,
    date_created: rfc2822(message.dateCreated),
    date_sent: message.dateSent === null ? null : rfc2822(message.dateSent),
    date_updated: rfc2822(message.dateUpdated),
    direction: message.direction,
    error_code: message.errorCode,
    error_message: null,
    from: message.from,
    messaging_service_sid: message.messagingServiceSid,
    num_media: String(message.numMedia),
    num_segments: message.from === null ? '0' : String(countSegments(message.body)),
    price: message.price === null ? null : message.price.toFixed(5),
    price_unit: 'USD',
    sid: message.sid,
    status: message.status,
    subresource_uris: { media: `${uri}/Media.json` },
    to: message.to,
    uri: `${uri}.json`,
  }
}
