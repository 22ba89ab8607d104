import type { LaneRedis } from '@chatlane/lanes'
import { Cluster } from 'ioredis'
import { onBreak } from '../redis/breaks.ts'
import { conversationKeys, shardKeys } from './keys.ts'
import type { StoredEntry } from './ledger.ts'
import { readLedger } from './read-ledger.ts'

/** Pause before a ledger that could not be read is read again. */
const AGAIN_AFTER_MS = 1_000

/** What is published in a cluster can get lost between two nodes, and nobody is told: ledgers are read so often all the same. */
const CLUSTER_LOOK_EVERY_MS = 15_000

export interface Listener {
  /** Entries in order, none twice, none left out (as far as the ledger is kept). */
  entries(entries: StoredEntry[]): void
  /** The agent is at work on an answer. */
  typing(): void
}

interface Follower {
  listener: Listener
  /** The last entry that was given. */
  after: string
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
  onError: (error: unknown) => void
}

/**
 * Follows ledgers as they grow. What is published only says that there is something new; what is given to listeners is read
 * from the ledger behind the last entry they have, so that nothing published while Redis or we were away is missed.
 */
export class LiveEvents {
  readonly #options: LiveEventsOptions
  readonly #followers = new Map<string, Set<Follower>>()

  constructor(options: LiveEventsOptions) {
    this.#options = options
    const { subscriber } = options
    subscriber.on('message', (_channel: string, message: string) => this.#onMessage(message))
    subscriber.on('ready', () => void this.#catchUp())
    if (options.redis instanceof Cluster) this.#distrust(options.redis)
  }

  /** Begins to listen; resolves when what is published from now on is seen. */
  async start(): Promise<void> {
    const { prefix, shards, subscriber } = this.#options
    const channels = Array.from({ length: shards() }, (_, shard) => shardKeys(prefix, shard).live)
    await subscriber.subscribe(...channels)
  }

  get followers(): number {
    let count = 0
    for (const followers of this.#followers.values()) count += followers.size
    return count
  }

  /**
   * Gives a listener the entries behind `after` and all that follow.
   * @param after an entry's id, `0` for the beginning, {@link lastEntry} for only what is new
   * @returns a function that ends it
   */
  async follow(conversation: string, after: string, listener: Listener): Promise<() => void> {
    const follower: Follower = { listener, after, reading: false, again: false, typing: false }
    const followers = this.#followers.get(conversation) ?? new Set()
    this.#followers.set(conversation, followers.add(follower))
    await this.#read(conversation, follower)
    return () => {
      followers.delete(follower)
      if (followers.size === 0 && this.#followers.get(conversation) === followers) this.#followers.delete(conversation)
    }
  }

  /** The id of a ledger's last entry, `0` when it has none. */
  async lastEntry(conversation: string): Promise<string> {
    const { redis, prefix } = this.#options
    const [last] = await redis.xrevrange(conversationKeys(prefix, conversation).ledger, '+', '-', 'COUNT', 1)
    return last?.[0] ?? '0'
  }

  #onMessage(message: string): void {
    const typing = message.startsWith('typing ')
    const conversation = typing ? message.slice('typing '.length) : message
    for (const follower of this.#followers.get(conversation) ?? []) {
      if (!typing) {
        follower.typing = false
        void this.#read(conversation, follower)
      } else if (follower.reading) follower.typing = true
      else follower.listener.typing()
    }
  }

  /** After an outage the subscriptions come back by themselves; what was published meanwhile does not. */
  async #catchUp(): Promise<void> {
    try {
      // Only behind Redis' answer is it certain that nothing slips between the reading and the listening.
      await this.start()
    } catch (error) {
      this.#options.onError(error)
      return
    }
    this.#readAll()
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
    for (const [conversation, followers] of this.#followers) {
      for (const follower of followers) void this.#read(conversation, follower)
    }
  }

  #readAgain(conversation: string, follower: Follower): void {
    if (this.#followers.get(conversation)?.has(follower)) void this.#read(conversation, follower)
  }

  async #read(conversation: string, follower: Follower): Promise<void> {
    if (follower.reading) {
      follower.again = true
      return
    }
    follower.reading = true
    try {
      do {
        follower.again = false
        const entries = await readLedger(this.#options.redis, this.#options.prefix, conversation, follower.after)
        const last = entries.at(-1)
        if (last) {
          follower.after = last.id
          follower.listener.entries(entries)
        }
      } while (follower.again)
      if (follower.typing) follower.listener.typing()
      follower.typing = false
    } catch (error) {
      this.#options.onError(error)
      // Nothing need ever be published again: what is there must not wait for it.
      setTimeout(() => this.#readAgain(conversation, follower), AGAIN_AFTER_MS).unref()
    } finally {
      follower.reading = false
    }
  }
}
