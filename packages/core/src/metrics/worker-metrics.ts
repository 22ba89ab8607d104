import type { Lanes, LaneWorker, Verdict } from '@chatlane/lanes'
import { Counter, Histogram } from 'prom-client'
import type { LaneSetName } from '../conversations/dead-letter.ts'
import type { ConversationItem } from '../conversations/items.ts'
import type { MessageStatus } from '../conversations/ledger.ts'
import type { HeldSender } from '../deliveries/held-senders.ts'
import { ChatlaneError } from '../errors/chatlane-error.ts'
import type { RedisWatch } from '../redis/watch.ts'
import type { Reconciled } from '../upkeep/reconciler.ts'
import type { Reception } from '../webhooks/receiver.ts'
import { watchLaneWorkers } from './lane-workers.ts'
import { droppedMessages } from './opt-outs.ts'
import { watchQueues } from './queues.ts'
import { watchRedis } from './redis.ts'
import { createRegistry } from './registry.ts'
import { watchSenders } from './senders.ts'
import { TwilioErrors } from './twilio-errors.ts'
import { countRepairs, watchClosings } from './upkeep.ts'
import { type PauseOf, watchPauses } from './upstream.ts'

type SendersOf = () => readonly HeldSender[]

/** An agent thinks for seconds, and is given up after five minutes unless UPONAI_COMPLETION_TIMEOUT_MS says otherwise. */
const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300]

/** What a worker process shows of itself. Labels never hold ids, addresses or texts. */
export class WorkerMetrics {
  readonly registry = createRegistry()
  readonly #twilioErrors = new TwilioErrors(this.registry)
  readonly #lanes: Lanes[] = []
  readonly #workers = new Map<string, LaneWorker>()
  readonly #pauses = new Map<string, PauseOf>()
  #senders: SendersOf = () => []
  #overdueClosings: () => Promise<number | undefined> = async () => undefined
  /** Something that must be in Redis was wrong and was put right. */
  readonly repaired: (what: Reconciled) => void
  readonly #turns
  readonly #turnSeconds
  readonly #together
  readonly #cut
  readonly #calls
  readonly #callSeconds
  readonly #deliveries
  readonly #webhooks
  readonly #deadLetters
  readonly #dropped

  constructor(redis: Pick<RedisWatch, 'problem'>) {
    const registers = [this.registry]
    watchRedis(this.registry, redis)
    watchLaneWorkers(this.registry, () => this.#workers)
    watchQueues(this.registry, () => this.#lanes)
    watchPauses(this.registry, () => this.#pauses)
    watchSenders(this.registry, () => this.#senders())
    watchClosings(this.registry, () => this.#overdueClosings())
    this.repaired = countRepairs(this.registry)
    this.#turns = new Counter({
      name: 'chatlane_turns_total',
      help: 'Turns: works on one item of a conversation, by what they decided. commit: done. retry: the item waits for its next try. bury: it became a dead letter. error: the lease or Redis was lost on the way, or something nobody foresaw; it is tried again.',
      labelNames: ['kind', 'outcome'],
      registers,
    })
    this.#turnSeconds = new Histogram({
      name: 'chatlane_turn_duration_seconds',
      help: "Duration of turns, UponAI's answer included, waiting in the lane not.",
      labelNames: ['kind'],
      buckets: SECONDS,
      registers,
    })
    this.#together = new Histogram({
      name: 'chatlane_messages_per_completion',
      help: 'Messages that were answered together, per answer of the agent. More than 1 only with a coalesce window.',
      buckets: [1, 2, 3, 5, 10, 20],
      registers,
    })
    this.#cut = new Counter({
      name: 'chatlane_answers_cut_total',
      help: 'Answers of agents of which only the beginning was shown and sent, because they had more than 20 messages or 16,000 characters. Above 0: an agent repeats itself, or passes on whole documents.',
      registers,
    })
    this.#calls = new Counter({
      name: 'chatlane_uponai_calls_total',
      help: 'Requests to UponAI: ok, or the code of docs/errors.md, which says what to do.',
      labelNames: ['operation', 'outcome'],
      registers,
    })
    this.#callSeconds = new Histogram({
      name: 'chatlane_uponai_call_duration_seconds',
      help: 'Duration of requests to UponAI, failed ones included. Completions that come near UPONAI_COMPLETION_TIMEOUT_MS will soon be unclear ones: raise it, or ask UponAI.',
      labelNames: ['operation'],
      buckets: SECONDS,
      registers,
    })
    this.#deliveries = new Counter({
      name: 'chatlane_deliveries_total',
      help: 'Tries to send a message through Twilio. sent: Twilio has it. later: tried again. failed: refused for good, the log says why. unknown: Twilio never told, it is not sent again; see docs/twilio.md. error: the lease or Redis was lost on the way.',
      labelNames: ['outcome'],
      registers,
    })
    this.#webhooks = new Counter({
      name: 'chatlane_webhooks_total',
      help: "Tries to bring the business's own system a webhook. taken: it answered 2xx. failed: any other answer, or none; tried again. busy: it asks to come back later. gone: it answered 410, see the dead letters.",
      labelNames: ['outcome'],
      registers,
    })
    this.#dropped = droppedMessages(this.registry)
    this.#deadLetters = new Counter({
      name: 'chatlane_dead_letters_total',
      help: 'Items that were given up. Look at them, mend the reason, and replay them.',
      labelNames: ['lanes', 'reason'],
      registers,
    })
  }

  /** From now on shows what these have to tell. */
  watch(parts: {
    lanes: readonly Lanes[]
    /** By the name of their lane set. */
    workers: Readonly<Record<string, LaneWorker | undefined>>
    /** By the provider's name. */
    pauses: Readonly<Record<string, PauseOf>>
    /** Senders that pause now. */
    senders: SendersOf
    /** Counts chats that should have been closed. */
    overdueClosings: () => Promise<number | undefined>
  }): void {
    this.#overdueClosings = parts.overdueClosings
    this.#senders = parts.senders
    this.#lanes.push(...parts.lanes)
    for (const [name, worker] of Object.entries(parts.workers)) if (worker) this.#workers.set(name, worker)
    for (const [name, pauseOf] of Object.entries(parts.pauses)) this.#pauses.set(name, pauseOf)
  }

  /** A turn has decided; its commit may still be refused. */
  turn(kind: ConversationItem['kind'], outcome: Verdict['do'] | 'error', ms: number): void {
    this.#turns.inc({ kind, outcome })
    this.#turnSeconds.observe({ kind }, ms / 1000)
  }

  /** An agent answered so many messages at once; the commit may still be refused. */
  answerCut(): void {
    this.#cut.inc()
  }

  completion(messages: number): void {
    this.#together.observe(messages)
  }

  delivery(outcome: MessageStatus | 'later' | 'error'): void {
    this.#deliveries.inc({ outcome })
  }

  webhook(outcome: Reception['outcome']): void {
    this.#webhooks.inc({ outcome })
  }

  /** Twilio rejected a message of ours, or did not deliver it. @param isKnown whether there is a rule for the code */
  twilioError(code: number, isKnown: boolean): void {
    this.#twilioErrors.count(code, isKnown)
  }

  /** A rule kept a message from the agent. @param reason one of our own words */
  dropped(reason: string): void {
    this.#dropped.inc({ reason })
  }

  /** @param reason one of our own words, never a provider's */
  deadLetter(lanes: LaneSetName, reason: string): void {
    this.#deadLetters.inc({ lanes, reason })
  }

  /** Makes a request to UponAI and counts it. */
  async uponaiCall<T>(operation: string, request: () => Promise<T>): Promise<T> {
    const stop = this.#callSeconds.startTimer({ operation })
    let outcome = 'ok'
    try {
      return await request()
    } catch (error) {
      outcome = error instanceof ChatlaneError ? error.code : 'error'
      throw error
    } finally {
      stop()
      this.#calls.inc({ operation, outcome })
    }
  }
}
