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
  /** Participants' streams, by conversation and by address. */
  readonly #counts = new Map<string, number>()
  #participants = 0
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
    if (visitor.caller !== 'server') this.#count(response, visitor)
    const stream = new EventStream(response, this.#heartbeatMs)
    this.#open.add(stream)
    response.once('close', () => this.#open.delete(stream))
    if (this.#closing) stream.end()
    return stream
  }

  /** Ends all of them, and those still to come, so that their clients connect again, elsewhere. */
  endAll(): void {
    this.#closing = true
    for (const stream of this.#open) stream.end()
  }

  #count(response: Response, { conversation, address }: Visitor): void {
    const { perConversation, perAddress, perProcess } = this.#limits
    const keys = [`conversation ${conversation}`, `address ${address}`] as const
    if ((this.#counts.get(keys[0]) ?? 0) >= perConversation) throw tooMany(perConversation, 'one conversation')
    if ((this.#counts.get(keys[1]) ?? 0) >= perAddress) throw tooMany(perAddress, 'one address')
    if (this.#participants >= perProcess) throw unavailable('too many event streams are open', 'streams')
    this.#participants++
    for (const key of keys) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    response.once('close', () => {
      this.#participants--
      for (const key of keys) {
        const left = (this.#counts.get(key) ?? 1) - 1
        if (left === 0) this.#counts.delete(key)
        else this.#counts.set(key, left)
      }
    })
  }
}

const tooMany = (most: number, whose: string) =>
  new Problem('too_fast', `expected at most ${most} event streams of ${whose} at a time`, {
    retryAfter: PAUSE,
    limit: 'streams',
  })
