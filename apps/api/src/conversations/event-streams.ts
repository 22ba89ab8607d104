import type { Response } from 'express'
import type { Visitor } from '../limits/rate-limits.ts'
import { Problem, unavailable } from '../problems.ts'
import { EventStream } from './event-stream.ts'

/** Seconds after which one of many streams may have ended. */
const PAUSE = 10

/** Streams at a time. */
export interface StreamLimits {
  perConversation: number
  perAddress: number
  perProcess: number
}

const LIMITS: StreamLimits = { perConversation: 10, perAddress: 500, perProcess: 5_000 }

export interface EventStreamsOptions {
  heartbeatMs?: number
  limits?: Partial<StreamLimits>
}

/** The streams of this process. */
export class EventStreams {
  readonly #open = new Set<EventStream>()
  readonly #heartbeatMs: number
  readonly #limits: StreamLimits
  /** How many streams participants have, by conversation. */
  readonly #conversations = new Map<string, number>()
  /** Participants' streams by address, each the oldest first. */
  readonly #addresses = new Map<string, Set<EventStream>>()
  #closing = false

  constructor({ heartbeatMs = 15_000, limits }: EventStreamsOptions = {}) {
    this.#heartbeatMs = heartbeatMs
    this.#limits = { ...LIMITS, ...limits }
  }

  get size(): number {
    return this.#open.size
  }

  /** @throws Problem `too_fast`, `unavailable` when there are too many; those of servers are not counted */
  open(response: Response, visitor: Visitor): EventStream {
    const isCounted = visitor.caller !== 'server'
    if (isCounted) this.#demandRoom(visitor)
    const stream = new EventStream(response, this.#heartbeatMs)
    this.#open.add(stream)
    if (isCounted) this.#count(stream, visitor)
    response.once('close', () => {
      this.#open.delete(stream)
      if (isCounted) this.#leave(stream, visitor)
    })
    if (this.#closing) stream.end()
    return stream
  }

  /** Ends all of them, and those still to come, so that their clients connect again, elsewhere. */
  endAll(): void {
    this.#closing = true
    for (const stream of this.#open) stream.end()
  }

  #demandRoom({ conversation, address }: Visitor): void {
    const { perConversation, perAddress, perProcess } = this.#limits
    const own = this.#addresses.get(address)?.size ?? 0
    if ((this.#conversations.get(conversation) ?? 0) >= perConversation)
      throw tooMany(perConversation, 'one conversation')
    if (own >= perAddress) throw tooMany(perAddress, 'one address')
    const all = [...this.#addresses.values()]
    if (all.reduce((sum, { size }) => sum + size, 0) < perProcess) return
    // Who has many gives one to who has few: else a few addresses could keep all places.
    const most = all.reduce((one, other) => (other.size > one.size ? other : one), new Set<EventStream>())
    const [oldest] = most
    if (most.size <= own + 1 || !oldest) throw unavailable('too many event streams are open', 'streams')
    most.delete(oldest)
    oldest.end()
  }

  #count(stream: EventStream, { conversation, address }: Visitor): void {
    this.#conversations.set(conversation, (this.#conversations.get(conversation) ?? 0) + 1)
    this.#addresses.set(address, (this.#addresses.get(address) ?? new Set()).add(stream))
  }

  #leave(stream: EventStream, { conversation, address }: Visitor): void {
    const left = (this.#conversations.get(conversation) ?? 1) - 1
    if (left === 0) this.#conversations.delete(conversation)
    else this.#conversations.set(conversation, left)
    const streams = this.#addresses.get(address)
    streams?.delete(stream)
    if (streams?.size === 0) this.#addresses.delete(address)
  }
}

const tooMany = (most: number, whose: string) =>
  new Problem('too_fast', `expected at most ${most} event streams of ${whose} at a time`, {
    retryAfter: PAUSE,
    limit: 'streams',
  })
