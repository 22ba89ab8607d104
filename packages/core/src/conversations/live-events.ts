import type { LaneRedis } from '@chatlane/lanes'
import { Cluster } from 'ioredis'
import { onBreak } from '../redis/breaks.ts'
import { Subscriptions } from '../redis/subscriptions.ts'
import { conversationKeys, shardKeys } from './keys.ts'
import { isBehind, type StoredEntry } from './ledger.ts'
import { readLedgerPart } from './read-ledger.ts'

/** Pause before a ledger that could not be read is read again. */
const AGAIN_AFTER_MS = 1_000

/** What is published in a cluster can get lost between two nodes, and nobody is told: ledgers are read so often all the same. */
const CLUSTER_LOOK_EVERY_MS = 15_000

/** Entries that are read at a time. */
const PART = 100

export interface Listener {
  /** What was there before, part by part: in order, none twice, none left out. The next part is read when this resolves. */
  past(entries: readonly StoredEntry[]): Promise<void>
  /** What is new, likewise, behind all that was there before. */
  entries(entries: readonly StoredEntry[]): void
  /** The agent is at work on an answer. */
  typing(): void
}

interface Follower {
  listener: Listener
  /** The last entry that was given. */
  after: string
  /** It has all that the feed has read, and gets what the feed reads. */
  live: boolean
}

/** One conversation's followers in this process, for whom its ledger is read once. */
interface Feed {
  followers: Set<Follower>
  /** The last entry that was read for all; undefined while nobody is live. */
  head: string | undefined
  /** Raised whenever the ledger grew. */
  news: number
  /** A read is under way; `again` when the ledger grew meanwhile, `typing` when that is to be told behind what is read. */
  reading: boolean
  again: boolean
  typing: boolean
}

export interface LiveEventsOptions {
  /** For reading ledgers. */
  redis: LaneRedis
  /** A connection of its own: it only listens. */
  subscriber: LaneRedis
  prefix: string
  /** How many shards there are, as far as is known now. */
  shards: () => number
  /** Told of each time that subscriptions which Redis had refused or forgotten were made again. */
  onRepair?: () => void
  onError: (error: unknown) => void
}

/**
 * Follows ledgers as they grow. What is published only says that there is something new; what is given to listeners is read
 * from the ledger behind the last entry they have, so that nothing published while Redis or we were away is missed.
 */
export class LiveEvents {
  readonly #options: LiveEventsOptions
  readonly #subscriptions: Subscriptions
  readonly #feeds = new Map<string, Feed>()

  constructor(options: LiveEventsOptions) {
    this.#options = options
    const { subscriber, prefix, shards, onRepair = () => {}, onError } = options
    subscriber.on('message', (_channel: string, message: string) => this.#onMessage(message))
    this.#subscriptions = new Subscriptions({
      subscriber,
      channels: () => Array.from({ length: shards() }, (_, shard) => shardKeys(prefix, shard).live),
      // What was published meanwhile does not come back by itself.
      onBack: () => this.#readAll(),
      onRepair,
      onError,
    })
    if (options.redis instanceof Cluster) this.#distrust(options.redis)
  }

  /** Begins to listen, also to shards that came since; resolves when what is published from now on is seen. */
  async start(): Promise<void> {
    const { subscriber } = this.#options
    if (subscriber.status !== 'ready') await new Promise<void>((resolve) => subscriber.once('ready', () => resolve()))
    await this.#subscriptions.look()
  }

  get followers(): number {
    let count = 0
    for (const { followers } of this.#feeds.values()) count += followers.size
    return count
  }

  /**
   * Gives a listener the entries behind `after` and all that follow. Resolves when it was given what is there, or that could
   * not be read as yet.
   * @param after what {@link placeOf} gave
   * @param signal ends it
   */
  async follow(conversation: string, after: string, listener: Listener, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const follower: Follower = { listener, after, live: false }
    const feed = this.#feeds.get(conversation) ?? newFeed()
    feed.followers.add(follower)
    this.#feeds.set(conversation, feed)
    signal.addEventListener('abort', () => {
      feed.followers.delete(follower)
      if (feed.followers.size === 0 && this.#feeds.get(conversation) === feed) this.#feeds.delete(conversation)
    })
    await this.#bringUp(conversation, feed, follower)
  }

  /**
   * Where somebody begins to follow. The ledger's last entry is the farthest place: all of a conversation's followers share one
   * reading, and with one who waits ahead of the ledger nobody would hear anything.
   * @param after an entry's id, `0` for the beginning; undefined for only what is new
   */
  async placeOf(conversation: string, after: string | undefined): Promise<string> {
    if (after === '0') return after
    const { redis, prefix } = this.#options
    const [entry] = await redis.xrevrange(conversationKeys(prefix, conversation).ledger, '+', '-', 'COUNT', 1)
    const last = entry?.[0] ?? '0'
    return after === undefined || isBehind(after, last) ? last : after
  }

  #onMessage(message: string): void {
    const typing = message.startsWith('typing ')
    const conversation = typing ? message.slice('typing '.length) : message
    const feed = this.#feeds.get(conversation)
    if (!feed) return
    if (!typing) {
      feed.typing = false
      void this.#read(conversation, feed)
    } else if (feed.reading) feed.typing = true
    else tellTyping(feed)
  }

  /** A node that dies takes along what it had to tell the others, and our connection to one of these holds. */
  #distrust(cluster: Cluster): void {
    let soon: NodeJS.Timeout | undefined
    onBreak(cluster, () => {
      if (soon) return
      soon = setTimeout(() => {
        soon = undefined
        this.#readAll()
      }, AGAIN_AFTER_MS).unref()
    })
    const timer = setInterval(() => this.#readAll(), CLUSTER_LOOK_EVERY_MS).unref()
    cluster.once('end', () => clearInterval(timer))
  }

  #readAll(): void {
    for (const [conversation, feed] of this.#feeds) void this.#read(conversation, feed)
  }

  /** Gives one follower, part by part, what the ledger has, until it has all that the feed has read. */
  async #bringUp(conversation: string, feed: Feed, follower: Follower): Promise<void> {
    try {
      while (feed.followers.has(follower)) {
        const { news } = feed
        const part = await this.#part(conversation, follower.after)
        const fresh = freshFor(follower, part)
        if (fresh.length > 0) await follower.listener.past(fresh)
        if (part.length === PART || news !== feed.news) continue
        if (feed.head !== undefined && isBehind(feed.head, follower.after)) continue
        feed.head ??= follower.after
        follower.live = true
        return
      }
    } catch (error) {
      this.#options.onError(error)
      setTimeout(() => void this.#bringUp(conversation, feed, follower), AGAIN_AFTER_MS).unref()
    }
  }

  /** Reads what is new, once for all who are live. */
  async #read(conversation: string, feed: Feed): Promise<void> {
    feed.news++
    if (feed.reading) {
      feed.again = true
      return
    }
    feed.reading = true
    try {
      do {
        feed.again = false
        if (feed.head === undefined) break
        const part = await this.#part(conversation, feed.head)
        feed.head = part.at(-1)?.id ?? feed.head
        if (part.length === PART) feed.again = true
        for (const follower of feed.followers) {
          const fresh = follower.live ? freshFor(follower, part) : []
          if (fresh.length > 0) follower.listener.entries(fresh)
        }
      } while (feed.again)
      if (feed.typing) tellTyping(feed)
      feed.typing = false
    } catch (error) {
      this.#options.onError(error)
      // Nothing need ever be published again: what is there must not wait for it.
      setTimeout(() => this.#readAgain(conversation, feed), AGAIN_AFTER_MS).unref()
    } finally {
      feed.reading = false
    }
  }

  #readAgain(conversation: string, feed: Feed): void {
    if (this.#feeds.get(conversation) === feed) void this.#read(conversation, feed)
  }

  #part(conversation: string, after: string): Promise<StoredEntry[]> {
    const { redis, prefix } = this.#options
    return readLedgerPart(redis, prefix, conversation, after, PART)
  }
}

function newFeed(): Feed {
  return { followers: new Set(), head: undefined, news: 0, reading: false, again: false, typing: false }
}

/** The entries that a follower does not have; from now on it does. */
function freshFor(follower: Follower, part: readonly StoredEntry[]): readonly StoredEntry[] {
  const { after } = follower
  const fresh = part.filter(({ id }) => isBehind(id, after))
  follower.after = fresh.at(-1)?.id ?? after
  return fresh
}

function tellTyping({ followers }: Feed): void {
  for (const { live, listener } of followers) if (live) listener.typing()
}
