import type { Lanes } from '@chatlane/lanes'
import { Counter, Gauge, Histogram } from 'prom-client'
import type { AcceptanceFrom } from '../conversations/conversations.ts'
import type { Channel } from '../conversations/origin.ts'
import type { RedisWatch } from '../redis/watch.ts'
import type { Reconciled } from '../upkeep/reconciler.ts'
import { droppedMessages, watchOptOuts } from './opt-outs.ts'
import { watchQueues } from './queues.ts'
import { watchRedis } from './redis.ts'
import { createRegistry } from './registry.ts'
import { TwilioErrors } from './twilio-errors.ts'
import { countRepairs, watchClosings } from './upkeep.ts'

/** An answer takes a few round trips to Redis, whose time-out is 3 s. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** A request that was answered, or whose caller went away before. */
export interface CountedRequest {
  method: string
  /** The route's pattern, never the path that was asked for. */
  route: string
  /** Undefined: nobody was there any more to be answered. */
  status: number | undefined
  /** Undefined for what lasts as long as its reader wants: it is counted, not timed. */
  ms: number | undefined
}

/** What an api process shows of itself. Labels never hold ids, addresses or texts. */
export class ApiMetrics {
  readonly registry = createRegistry()
  readonly #twilioErrors = new TwilioErrors(this.registry)
  /** Something that must be in Redis was wrong and was put right. */
  readonly repaired: (what: Reconciled) => void
  readonly #messages
  readonly #requests
  readonly #requestSeconds
  readonly #dropped
  readonly #limited
  readonly #subscriptionRepairs
  readonly #signaturesRefused

  constructor(parts: {
    redis: Pick<RedisWatch, 'problem'>
    lanes: readonly Lanes[]
    streams: { readonly size: number }
    optOuts: { count(): Promise<number> }
    /** Counts chats that should have been closed. */
    overdueClosings: () => Promise<number | undefined>
  }) {
    const registers = [this.registry]
    watchRedis(this.registry, parts.redis)
    watchQueues(this.registry, () => parts.lanes)
    watchOptOuts(this.registry, parts.optOuts)
    watchClosings(this.registry, parts.overdueClosings)
    this.repaired = countRepairs(this.registry)
    this.#dropped = droppedMessages(this.registry)
    this.#messages = new Counter({
      name: 'chatlane_messages_total',
      help: 'Messages that came in. accepted: durable. dropped: durable, but not for the agent, see chatlane_messages_dropped_total. duplicate: a repeat, stored once. conflict: a key that was used for another text. full: too many unanswered in their conversation. backfilled: durable, taken in by a look at the list of Twilio, because the webhook was missed. unavailable: 503, Redis could not take them; the sender tries again. Channel unknown: Redis could not say whose conversation it is.',
      labelNames: ['channel', 'outcome'],
      registers,
    })
    this.#requests = new Counter({
      name: 'chatlane_http_requests_total',
      help: 'Requests to the public listener, but for health, by status class; aborted: the caller did not wait for the answer. 5xx is our side: see the log and chatlane_redis_up.',
      labelNames: ['method', 'route', 'status'],
      registers,
    })
    this.#requestSeconds = new Histogram({
      name: 'chatlane_http_request_duration_seconds',
      help: 'Duration of requests to the public listener; event streams, which last, are left out. Twilio gives a webhook 15 s.',
      labelNames: ['method', 'route'],
      buckets: SECONDS,
      registers,
    })
    this.#limited = new Counter({
      name: 'chatlane_limits_reached_total',
      help: 'Requests (limit connections: connections) that were refused because a limit was reached. Many of bodies, reads, streams or connections in a short time are somebody who tries what we can bear.',
      labelNames: ['limit'],
      registers,
    })
    this.#signaturesRefused = new Counter({
      name: 'chatlane_twilio_signatures_refused_total',
      help: 'Webhooks that name our Twilio account and whose signature is wrong. When no message comes in meanwhile, TWILIO_AUTH_TOKEN or PUBLIC_URL is wrong; else a stranger makes them up.',
      registers,
    })
    this.#subscriptionRepairs = new Counter({
      name: 'chatlane_redis_subscription_repairs_total',
      help: 'Times that the subscriptions behind live events were found refused or gone while Redis was there, and were made again. Above 0: see the log for a right of the user of Redis, and what lies between Redis and the api.',
      registers,
    })
    new Gauge({
      name: 'chatlane_event_streams',
      help: 'Streams of live events that are open in this process.',
      registers,
      collect() {
        this.set(parts.streams.size)
      },
    })
  }

  /** What became of a message at the door. */
  message(channel: Channel | 'unknown', outcome: AcceptanceFrom['status'] | 'backfilled' | 'unavailable'): void {
    this.#messages.inc({ channel, outcome })
  }

  /** Twilio rejected a message of ours, or did not deliver it. @param isKnown whether there is a rule for the code */
  twilioError(code: number, isKnown: boolean): void {
    this.#twilioErrors.count(code, isKnown)
  }

  /** A rule kept a message from the agent. @param reason one of our own words */
  dropped(reason: string): void {
    this.#dropped.inc({ reason })
  }

  /** A limit was reached. @param limit one of our own words */
  limited(limit: string): void {
    this.#limited.inc({ limit })
  }

  /** A webhook of our Twilio account had a wrong signature. */
  signatureRefused(): void {
    this.#signaturesRefused.inc()
  }

  /** What live events listen to was refused or gone, and is there again. */
  subscriptionsRepaired(): void {
    this.#subscriptionRepairs.inc()
  }

  request({ method, route, status, ms }: CountedRequest): void {
    const statusClass = status === undefined ? 'aborted' : `${Math.floor(status / 100)}xx`
    this.#requests.inc({ method, route, status: statusClass })
    if (ms !== undefined) this.#requestSeconds.observe({ method, route }, ms / 1000)
  }
}
