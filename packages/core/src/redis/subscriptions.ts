import type { LaneRedis } from '@chatlane/lanes'

/** How often it is looked whether Redis still has the subscriptions. */
const LOOK_EVERY_MS = 5_000

/** Pause before channels that were refused are asked for again. */
const AGAIN_AFTER_MS = 1_000

export interface SubscriptionsOptions {
  /** A connection of its own: it only listens. */
  subscriber: LaneRedis
  /** The channels that are wanted now. */
  channels: () => readonly string[]
  /** Told that what was published may have been missed until now. */
  onBack: () => void
  /** Told of each time that subscriptions which Redis had refused or forgotten were made again. */
  onRepair: () => void
  onError: (error: unknown) => void
}

/**
 * Keeps a connection subscribed: after each outage, after Redis refused a channel, and when a subscription is found to be
 * gone. Nobody else would notice, as nothing is what silence sounds like.
 */
export class Subscriptions {
  readonly #options: SubscriptionsOptions
  readonly #timer: NodeJS.Timeout
  #again: NodeJS.Timeout | undefined
  #under: Promise<void> | undefined
  /** Channels that Redis confirmed over the present connection; 0: none yet. */
  #confirmed = 0
  #refused = false

  constructor(options: SubscriptionsOptions) {
    this.#options = options
    const { subscriber } = options
    subscriber.on('ready', () => {
      this.#confirmed = 0
      void this.look()
    })
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref()
    subscriber.once('end', () => {
      clearInterval(this.#timer)
      clearTimeout(this.#again)
    })
  }

  /** Looks now, and makes again what is missing. */
  look(): Promise<void> {
    this.#under ??= this.#look().finally(() => {
      this.#under = undefined
    })
    return this.#under
  }

  async #look(): Promise<void> {
    const { subscriber, channels, onBack, onRepair, onError } = this.#options
    if (subscriber.status !== 'ready') return
    const wanted = channels()
    const [first] = wanted
    if (first === undefined) return
    try {
      const before = this.#confirmed
      // Redis answers how many the connection has: a subscription that is there counts once.
      const has = Number(await subscriber.subscribe(first))
      if (has === wanted.length && before === wanted.length) return
      await subscriber.subscribe(...wanted)
      this.#confirmed = wanted.length
      if (before === wanted.length || this.#refused) onRepair()
      this.#refused = false
      // Only behind Redis' answer is it certain that nothing slips between the reading and the listening.
      onBack()
    } catch (error) {
      this.#confirmed = 0
      this.#refused = true
      onError(error)
      clearTimeout(this.#again)
      this.#again = setTimeout(() => void this.look(), AGAIN_AFTER_MS).unref()
    }
  }
}
