import { randomBytes } from 'node:crypto'
import { setTimeout as passed } from 'node:timers/promises'
import type { Person as PersonEvidence } from '../evidence.ts'
import type { Random } from '../random.ts'
import type { Way } from '../run/routes.ts'
import { type Answer, type Door, isOutage, serverError } from './doors.ts'
import { textOf } from './texts.ts'

export interface PersonOptions {
  name: string
  way: Way
  address?: string
  random: Random
  /** Messages this person has to say in all. */
  messages: number
  /** Undefined: try again. */
  open: () => Promise<(Door & { conversationId?: string }) | undefined>
  /** How long pauses are now, times the usual: everybody hurries when the run is behind. */
  pace: () => number
  /** The usual pause, ms. */
  pauseMs: number
  onAccepted: (person: Person, message: { text: string; key: string }) => void
  onRefused: (what: string) => void
  /** Aborted when nobody says anything new any more. */
  quiet: AbortSignal
  /** Aborted when what is not accepted by now is given up. */
  over: AbortSignal
}

/** Someone who writes: one message after the other, each as often as it takes until it is accepted. */
export class Person {
  readonly evidence: PersonEvidence
  readonly #options: PersonOptions
  #door: (Door & { conversationId?: string }) | undefined

  constructor(options: PersonOptions) {
    this.#options = options
    const { name, way, address } = options
    this.evidence = {
      name,
      channel: way.channel,
      ...(address !== undefined && { address }),
      accepted: [],
      unclear: [],
      ledger: [],
      pending: 0,
      status: 'closed',
      ledgerAt: 0,
      closes: way.autoCloseMs > 0,
    }
  }

  get door(): Door | undefined {
    return this.#door
  }

  /** Says everything there is to say; ends early when the run does. */
  async live(): Promise<void> {
    const { random, messages, name, quiet } = this.#options
    await this.#pause(random.between(0, this.#options.pauseMs))
    if (!(await this.#enter())) return
    let hurried = 0
    for (let n = 1; n <= messages && !quiet.aborted; n++) {
      await this.#say(textOf(random, name, n))
      if (random.chance(0.015)) void this.#door?.end()
      if (hurried > 0) hurried--
      else if (random.chance(0.12)) hurried = random.whole(1, 5)
      else await this.#pause(this.#think())
    }
  }

  /** Mostly any time; at times just when the chat is about to close for silence. */
  #think(): number {
    const { random, way, pauseMs, pace } = this.#options
    if (random.chance(way.autoCloseMs < 10_000 ? 0.12 : 0.02)) return way.autoCloseMs + random.between(-400, 1_400)
    return -Math.log(1 - random.next()) * pauseMs * pace()
  }

  async #enter(): Promise<boolean> {
    const { open, quiet } = this.#options
    while (!quiet.aborted) {
      this.#door = await open()
      if (this.#door?.conversationId !== undefined) this.evidence.conversationId = this.#door.conversationId
      if (this.#door) return true
      await this.#pause(500)
    }
    return false
  }

  async #say(text: string): Promise<void> {
    const { over, random, onAccepted, onRefused, name } = this.#options
    const door = this.#door
    if (!door) return
    const key = `SM${randomBytes(16).toString('hex')}`
    for (let tries = 0; ; tries++) {
      const answer = await door.send(text, key, tries > 0)
      if (isAccepted(answer)) {
        this.evidence.accepted.push({ text, at: Date.now() })
        onAccepted(this, { text, key })
        return
      }
      const { status, retryAfterMs = 300 } = answer
      // A wrong 5xx is told by the door; what it means for the message, only its repeat can tell.
      const hopeless = !isOutage(answer) && serverError(answer) === undefined
      if (hopeless) onRefused(`${name}'s message: expected a 2xx, 429, 503 or no answer, got ${status}`)
      if (hopeless || over.aborted) {
        this.evidence.unclear.push(text)
        return
      }
      await passed(Math.min(retryAfterMs, 1_500) + random.between(50, 400), undefined, { signal: over }).catch(() => {})
    }
  }

  async #pause(ms: number): Promise<void> {
    await passed(ms, undefined, { signal: this.#options.quiet }).catch(() => {})
  }
}

function isAccepted({ status }: Answer): boolean {
  return status !== undefined && status >= 200 && status < 300
}
