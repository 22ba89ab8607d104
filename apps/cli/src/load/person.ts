import { randomBytes } from 'node:crypto'
import type { Answer } from './api.ts'
import type { Door } from './doors/door.ts'
import type { SentMessage } from './message.ts'
import { sendUntilTaken, type Taken } from './send-until-taken.ts'

export interface PersonOptions {
  /** Unique in the run. */
  name: string
  channel: 'web' | 'sms'
  door: Door
  /** Ms since the start of the run. */
  now: () => number
  giveUp: AbortSignal
  onRepeat: (answer: Answer) => void
  onSettled: (message: SentMessage) => void
}

/**
 * Someone who writes: one message after the other, as a page or a phone sends them, but without waiting for what is answered. A
 * message that is held up by the one before it is late, and that counts.
 */
export class Person {
  readonly name: string
  readonly channel: 'web' | 'sms'
  readonly door: Door
  readonly sent: SentMessage[] = []
  readonly #options: PersonOptions
  #last: Promise<void> = Promise.resolve()
  /** What came of opening the door, once it failed. */
  #shut: Taken | undefined

  constructor(options: PersonOptions) {
    this.#options = options
    this.name = options.name
    this.channel = options.channel
    this.door = options.door
  }

  /** Resolves when nothing is on its way. */
  get idle(): Promise<void> {
    return this.#last
  }

  /** Makes the door ready, ahead of the first message. */
  arrive(): void {
    this.#last = this.#last.then(async () => {
      const opened = await sendUntilTaken(() => this.door.open(), this.#options)
      if (opened.outcome !== 'accepted') this.#shut = opened
    })
  }

  say(text: string, plannedAt: number): void {
    this.#last = this.#last.then(() => this.#say(text, plannedAt))
  }

  async #say(text: string, plannedAt: number): Promise<void> {
    const { door, now, onSettled } = this.#options
    // What Twilio calls its messages; on the web every key is as good.
    const key = `SM${randomBytes(16).toString('hex')}`
    let messageId: string | undefined
    const send = async () => {
      const answer = await door.send(text, key)
      messageId = answer.messageId
      return answer
    }
    const { outcome, answer } = this.#shut
      ? { outcome: 'refused' as const, answer: this.#shut.answer }
      : await sendUntilTaken(send, this.#options)
    const message: SentMessage = {
      text,
      plannedAt,
      outcome,
      settledAt: now(),
      status: answer.status,
      ...(messageId !== undefined && { messageId }),
    }
    this.sent.push(message)
    onSettled(message)
  }
}
