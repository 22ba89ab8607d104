import {
  type ApiMetrics,
  type BackfillReport,
  backfill,
  type Conversations,
  type connectRedis,
  isRedisUnavailable,
  type Logger,
  onBreak,
  type RoutesHolder,
  SmsError,
  type SmsInbox,
} from '@chatlane/core'
import { LeftMessages } from './left-messages.ts'
import { LookLock } from './look-lock.ts'

export interface MissedWebhooksOptions {
  redis: ReturnType<typeof connectRedis>
  prefix: string
  inbox: SmsInbox
  conversations: Conversations
  routes: RoutesHolder
  metrics: ApiMetrics
  logger: Logger
}

/** How often it is noted that webhooks are taken. */
const BEAT_EVERY_MS = 30_000

/** Longer than between two beats of anyone: nobody took webhooks. */
const SILENCE_MS = 75_000

/** Looked at before the last beat as well: clocks differ, and a beat says nothing of the request before it. */
const MARGIN_MS = 60_000

/** For how long it is remembered that webhooks were refused. */
const LONGEST_MS = 6 * 3_600_000

/** Messages of the account that one look may list; the next one goes on from there. */
const MOST_LISTED = 20_000

/** After Twilio refused or did not answer, a process does not ask again for so long. */
const ASK_AGAIN_AFTER_MS = 5 * 60_000

/**
 * Finds the messages whose webhooks nobody took, because no api ran, Redis was away, or a conversation was full. It belongs to
 * the api, because only an api knows when webhooks could be taken: it notes the time again and again, and when it starts, had
 * to refuse one, lost Redis, or nobody noted it for a while, it has Twilio's list looked through since the last note. One
 * process at a time does; a second one finds nothing left. Without any note nobody was ever there, or Redis lost its data together with the memory of what was
 * taken: then looking back would take in again what was answered, so only an operator does (`chatlane backfill`).
 */
export class MissedWebhooks {
  readonly #options: MissedWebhooksOptions
  readonly #aliveKey: string
  readonly #refusedKey: string
  readonly #lock: LookLock
  readonly #left: LeftMessages
  readonly #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #underWay: Promise<void> | undefined
  /** How often webhooks may have been missed since the beat before: nobody knows of the time before the start. */
  #doubts = 1
  /** How many of these were looked into. */
  #settled = 0
  /** When this process last noted that it takes webhooks, ms. */
  #lastBeat: number | undefined
  #failureTold = false
  /** When Twilio, which refused it or did not answer, may be asked again, ms. */
  #askAgain = 0

  constructor(options: MissedWebhooksOptions) {
    this.#options = options
    const { prefix, redis } = options
    this.#aliveKey = `${prefix}:webhooks:alive`
    this.#refusedKey = `${prefix}:webhooks:refused`
    this.#lock = new LookLock(redis, `${prefix}:webhooks:lock`)
    this.#left = new LeftMessages(redis, `${prefix}:webhooks:left`)
    onBreak(redis, () => this.doubt())
  }

  /** A webhook may have been missed: the next beat has it looked for. */
  doubt(): void {
    this.#doubts++
  }

  /**
   * Messages may have been refused since a time, ms, though webhooks are taken: the next look, by whichever process, begins
   * there. What comes first stays.
   */
  async suspect(since: number): Promise<void> {
    await this.#options.redis.set(this.#refusedKey, since, 'PX', LONGEST_MS, 'NX')
  }

  /** From now on this process takes webhooks, whenever Redis is there. Nothing waits for what it does. */
  start(): void {
    this.#timer = setInterval(() => this.#beat(), BEAT_EVERY_MS)
    this.#options.redis.on('ready', () => this.#beat())
    this.#beat()
  }

  /** From now on this process takes no webhooks. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopping.abort()
    const { redis } = this.#options
    if (redis.status !== 'ready') return
    await this.#lock.release()
    // What was not looked into yet, or may have been slept through, is for those who come after.
    const sure = this.#settled === this.#doubts && Date.now() - (this.#lastBeat ?? 0) <= SILENCE_MS
    if (sure) await redis.set(this.#aliveKey, Date.now()).catch(() => {})
  }

  #beat(): void {
    if (this.#stopping.signal.aborted || this.#options.redis.status !== 'ready') return
    this.#underWay ??= this.#look()
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#underWay = undefined
      })
  }

  async #look(): Promise<void> {
    const { redis, logger } = this.#options
    const began = Date.now()
    const noted = Number(await redis.get(this.#aliveKey))
    if (began - this.#gapSince(noted) > SILENCE_MS) this.doubt()
    // What is doubted from here on is for the next look.
    const doubts = this.#doubts
    if (noted === 0) {
      logger.info({ event: 'webhooks_first_start' }, FIRST_START)
    } else if (doubts > this.#settled && !(await this.#alone(() => this.#lookBack()))) {
      return
    }
    this.#settled = doubts
    this.#lastBeat = began
    await redis.set(this.#aliveKey, began)
    if ((await this.#left.due()) !== undefined) await this.#alone(() => this.#lookForLeft())
  }

  /** Since when webhooks may have been missed, ms. */
  #gapSince(noted: number): number {
    return Math.min(noted, this.#lastBeat ?? noted)
  }

  /** Undefined when it was not done: another process is at it, or Twilio refused this one a while ago. */
  async #alone<T>(work: () => Promise<T>): Promise<T | undefined> {
    // The next process may have other credentials: it need not wait.
    if (Date.now() < this.#askAgain || !(await this.#lock.take())) return undefined
    try {
      const done = await work()
      this.#failureTold = false
      return done
    } catch (error) {
      if (error instanceof SmsError) this.#askAgain = Date.now() + ASK_AGAIN_AFTER_MS
      throw error
    } finally {
      await this.#lock.release()
    }
  }

  /** False when there is more to be done. */
  async #lookBack(): Promise<boolean> {
    const { redis, logger } = this.#options
    // Asked again: whoever had the lock before may have done it all.
    const [noted, refused] = await Promise.all([redis.get(this.#aliveKey), redis.get(this.#refusedKey)])
    const gapSince = Math.min(this.#gapSince(Number(noted)), Number(refused ?? Number.POSITIVE_INFINITY))
    const { report, toTheEnd, firstLeft } = await this.#list('webhooks_looked_back', gapSince - MARGIN_MS)
    if (gapSince < report.since.getTime()) logger.warn({ gap_since: new Date(gapSince) }, TOO_LONG)
    if (firstLeft !== undefined) await this.#left.add(firstLeft)
    // What is left of it, this process goes on with.
    await redis.del(this.#refusedKey)
    if (toTheEnd) return true
    logger.warn({ until: report.listedUntil }, GOES_ON)
    // The margin is taken off again at the next look.
    this.#lastBeat = report.listedUntil.getTime() + MARGIN_MS
    await redis.set(this.#aliveKey, this.#lastBeat)
    return false
  }

  async #lookForLeft(): Promise<void> {
    // Asked again: whoever had the lock before may have done it.
    const from = await this.#left.due()
    if (from === undefined) return
    const { report, toTheEnd, firstLeft } = await this.#list('webhooks_looked_for_left', from)
    if (from < report.since.getTime()) this.#options.logger.warn({ left_since: new Date(from) }, LEFT_TOO_LONG)
    await this.#left.looked(report.listedUntil.getTime(), firstLeft, toTheEnd)
  }

  /** Takes in what Twilio lists from a time on, ms, as far as {@link MOST_LISTED} allows. */
  async #list(event: string, from: number) {
    const { metrics, logger } = this.#options
    const began = Date.now()
    const report = await backfill({
      ...this.#options,
      since: Math.max(from, began - LONGEST_MS),
      most: MOST_LISTED,
      signal: this.#stopping.signal,
      onAccepted: ({ channel }) => metrics.message(channel, 'backfilled'),
      onDropped({ channel }, reason) {
        metrics.message(channel, 'dropped')
        metrics.dropped(reason)
      },
    })
    logger.info({ event, ...lineOf(report), ms: Date.now() - began }, 'missed webhooks')
    return {
      report,
      toTheEnd: report.listedUntil.getTime() >= began,
      firstLeft: report.stoppedBy === 'full' ? report.until.getTime() : undefined,
    }
  }

  /** Said once, however many tries fail. That Redis is away is said by its connection. */
  #failed(error: unknown): void {
    this.doubt()
    if (this.#stopping.signal.aborted || isRedisUnavailable(error) || this.#failureTold) return
    this.#failureTold = true
    this.#options.logger.warn({ event: 'webhooks_not_looked_back', err: error }, FAILED)
  }
}

function lineOf({ since, until, looked, total }: BackfillReport) {
  const { notOurs, ...counts } = total
  return { since, until, looked, ...counts, not_ours: notOurs }
}

const FIRST_START =
  'no api took webhooks here before: nothing is looked for. If messages came in meanwhile: chatlane backfill --since <time>'

const TOO_LONG =
  'nobody took webhooks for longer than is looked back at a start (6 h). For the rest: chatlane backfill --since <up to 23h>'

const LEFT_TOO_LONG =
  'messages to conversations with too many unanswered messages are looked for no longer than 6 h. For those: chatlane backfill --since <up to 23h>'

const GOES_ON = 'not all missed messages could be listed at once; it goes on in half a minute'

const FAILED =
  'Twilio cannot be asked for missed messages; tried again every 5 minutes. If it goes on, see err, and when it is mended: chatlane backfill --since <time>'
