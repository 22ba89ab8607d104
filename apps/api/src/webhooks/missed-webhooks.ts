import { randomUUID } from 'node:crypto'
import {
  type BackfillReport,
  backfill,
  type Conversations,
  type connectRedis,
  isRedisUnavailable,
  type Logger,
  type RoutesHolder,
  SmsError,
  type SmsInbox,
} from '@chatlane/core'

export interface MissedWebhooksOptions {
  redis: ReturnType<typeof connectRedis>
  prefix: string
  inbox: SmsInbox
  conversations: Conversations
  routes: RoutesHolder
  logger: Logger
}

/** How often it is noted that webhooks are taken. */
const BEAT_EVERY_MS = 30_000

/** Longer than between two beats of anyone: nobody took webhooks. */
const SILENCE_MS = 75_000

/** Looked at before the last beat as well: clocks differ, and a beat says nothing of the request before it. */
const MARGIN_MS = 60_000

const LONGEST_MS = 6 * 3_600_000

/** Messages of the account that one look may list; the next one goes on from there. */
const MOST_LISTED = 20_000

/** The lock of a process that died is free again after that. */
const LOCK_MS = 60_000

/** After Twilio refused or did not answer, nobody asks again for so long. */
const ASK_AGAIN_AFTER_MS = 5 * 60_000

/**
 * Finds the messages whose webhooks nobody took, because no api ran or Redis was away. It belongs to the api, because only an
 * api knows when webhooks could be taken: it notes the time again and again, and when it starts, or Redis comes back, or
 * nobody noted it for a while, it has Twilio's list looked through since the last note. One process at a time does; a second
 * one finds nothing left. Without any note nobody was ever there, or Redis lost its data together with the memory of what was
 * taken: then looking back would take in again what was answered, so only an operator does (`chatlane backfill`).
 */
export class MissedWebhooks {
  readonly #options: MissedWebhooksOptions
  readonly #keys: { alive: string; lock: string }
  readonly #me = randomUUID()
  readonly #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #underWay: Promise<void> | undefined
  /** Webhooks may have been missed since the last beat. */
  #inDoubt = true
  /** When this process last noted that it takes webhooks, ms. */
  #lastBeat: number | undefined
  #failureTold = false

  constructor(options: MissedWebhooksOptions) {
    this.#options = options
    const { prefix, redis } = options
    this.#keys = { alive: `${prefix}:webhooks:alive`, lock: `${prefix}:webhooks:lock` }
    redis.on('close', () => {
      this.#inDoubt = true
    })
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
    if (this.#inDoubt || redis.status !== 'ready') return
    await redis.set(this.#keys.alive, Date.now()).catch(() => {})
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
    const noted = Number(await redis.get(this.#keys.alive))
    const since = Math.min(noted, this.#lastBeat ?? noted)
    const inDoubt = this.#inDoubt || Date.now() - since > SILENCE_MS
    // A connection that closes meanwhile is for the next look.
    this.#inDoubt = false
    if (noted === 0) {
      logger.info({ event: 'webhooks_first_start' }, FIRST_START)
    } else if (inDoubt && !(await this.#lookBack())) {
      this.#inDoubt = true
      return
    }
    this.#lastBeat = Date.now()
    await redis.set(this.#keys.alive, this.#lastBeat)
  }

  /** False when there is more to be done, by whomever. */
  async #lookBack(): Promise<boolean> {
    const { redis, logger } = this.#options
    const { alive, lock } = this.#keys
    if ((await redis.set(lock, this.#me, 'PX', LOCK_MS, 'NX')) === null) return false
    const renewal = setInterval(() => redis.pexpire(lock, LOCK_MS).catch(() => {}), LOCK_MS / 3)
    let freeAfterMs = 0
    try {
      // Asked again: whoever had the lock before may have done it all.
      const noted = Number(await redis.get(alive))
      const began = Date.now()
      const gapSince = Math.min(noted, this.#lastBeat ?? noted)
      const since = Math.max(gapSince - MARGIN_MS, began - LONGEST_MS)
      const report = await backfill({
        ...this.#options,
        since,
        most: MOST_LISTED,
        signal: this.#stopping.signal,
      })
      this.#failureTold = false
      logger.info({ event: 'webhooks_looked_back', ...lineOf(report), ms: Date.now() - began }, 'missed webhooks')
      if (gapSince < began - LONGEST_MS) logger.warn({ gap_since: new Date(gapSince) }, TOO_LONG)
      if (report.stoppedBy === undefined) return true
      logger.warn({ until: report.until, stopped_by: report.stoppedBy }, GOES_ON)
      // The margin is taken off again at the next look.
      this.#lastBeat = report.until.getTime() + MARGIN_MS
      await redis.set(alive, this.#lastBeat)
      return false
    } catch (error) {
      if (error instanceof SmsError) freeAfterMs = ASK_AGAIN_AFTER_MS
      throw error
    } finally {
      clearInterval(renewal)
      await (freeAfterMs === 0 ? redis.del(lock) : redis.pexpire(lock, freeAfterMs)).catch(() => {})
    }
  }

  /** Said once, however many tries fail. That Redis is away is said by its connection. */
  #failed(error: unknown): void {
    this.#inDoubt = true
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

const GOES_ON = 'not all missed messages could be taken at once; it goes on in half a minute'

const FAILED =
  'Twilio cannot be asked for missed messages; tried again every 5 minutes. If it goes on, see err, and when it is mended: chatlane backfill --since <time>'
