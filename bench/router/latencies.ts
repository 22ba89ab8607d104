import type { Conversation } from '@chatlane/core'
import { Redis } from 'ioredis'
import { TEXT } from './filling.ts'
import type { Router } from './router.ts'

/** Messages of one router's conversations, each timed from its acceptance to its answer. */
export class Latencies {
  /** Of answers so far, ms. */
  readonly ms: number[] = []
  readonly #router: Router
  readonly #subscriber: Redis
  /** When the messages without an answer were accepted; the lane answers them in this order. */
  readonly #waiting = new Map<string, number[]>()
  readonly #typing = new Set<string>()

  /** @param redisUrl its own connection listens there, as an api does */
  static async listen(router: Router, redisUrl: string): Promise<Latencies> {
    const subscriber = new Redis(redisUrl)
    const latencies = new Latencies(router, subscriber)
    await subscriber.psubscribe(`{${router.prefix}:*}:live`)
    return latencies
  }

  private constructor(router: Router, subscriber: Redis) {
    this.#router = router
    this.#subscriber = subscriber
    subscriber.on('pmessage', (_pattern: string, _channel: string, message: string) => this.#onMessage(message))
  }

  /** Messages that were accepted and are not answered yet. */
  get open(): number {
    return [...this.#waiting.values()].reduce((sum, { length }) => sum + length, 0)
  }

  /** Takes a message in, and times it. */
  async write(conversation: Conversation): Promise<void> {
    // Its answer may be there before the acceptance is told here.
    const times = this.#waiting.get(conversation.id) ?? []
    this.#waiting.set(conversation.id, times)
    const { status } = await this.#router.conversations.accept(conversation, { text: TEXT })
    if (status !== 'accepted') throw new Error(`expected a message to be accepted, it was ${status}`)
    times.push(performance.now())
  }

  /** Forgets what was measured so far. */
  reset(): void {
    this.ms.length = 0
  }

  async close(): Promise<void> {
    await this.#subscriber.quit()
  }

  /** A conversation is named when it typed and when its ledger grew: behind the typing, that is its answer. */
  #onMessage(message: string): void {
    if (message.startsWith('typing ')) {
      this.#typing.add(message.slice('typing '.length))
      return
    }
    if (!this.#typing.delete(message)) return
    const acceptedAt = this.#waiting.get(message)?.shift()
    if (acceptedAt !== undefined) this.ms.push(performance.now() - acceptedAt)
  }
}
