import { setMaxListeners } from 'node:events'
import type { Person as PersonEvidence } from '../evidence.ts'
import type { Random } from '../random.ts'
import type { Cluster } from '../run/cluster.ts'
import { type Way, ways } from '../run/routes.ts'
import { type ApiClient, type Door, openWeb, smsDoor } from './doors.ts'
import { Listener } from './listener.ts'
import { Person } from './person.ts'
import { Redeliveries } from './redeliveries.ts'

export interface LoadOptions {
  cluster: Cluster
  api: ApiClient
  random: Random
  /** Writing at the same time. */
  people: number
  /** Messages to be accepted per second. */
  rate: number
  /** How late the machine is with its work, ms. */
  latenessMs: () => number
  onMisbehaviour: (what: string) => void
}

/** A ledger keeps a thousand entries, and a message makes up to six: nobody says more than fits. */
const MESSAGES_PER_PERSON = [40, 120] as const

/** People who listen to their conversation's events. */
const LISTENERS = 30

/** Behind by so many seconds of the load, everybody hurries as much as they can. */
const HURRY_S = 15

/** As many messages may wait as come in so many seconds; beyond that people lose interest. */
const PATIENCE_S = 20

/** Later than this, the machine does not keep up, ms. */
const LATE_MS = 700

/** Everybody who writes: whoever has said everything makes room for somebody new. */
export class Load {
  readonly people: Person[] = []
  readonly listeners: Listener[] = []
  accepted = 0
  repeated = 0
  readonly redeliveries: Redeliveries
  readonly #options: LoadOptions
  readonly #quiet = new AbortController()
  readonly #over = new AbortController()
  readonly #places: Promise<void>[] = []
  readonly #began = Date.now()
  #waiting = 0

  constructor(options: LoadOptions) {
    this.#options = options
    this.redeliveries = new Redeliveries(options.onMisbehaviour)
    setMaxListeners(0, this.#quiet.signal, this.#over.signal)
    for (let place = 0; place < options.people; place++) this.#places.push(this.#fill(place))
  }

  /** Someone who wrote lately. */
  someone(which: number): PersonEvidence | undefined {
    const lately = this.people.slice(-this.#options.people).filter(({ evidence }) => evidence.accepted.length > 0)
    return lately[Math.floor(which * lately.length)]?.evidence
  }

  /** Nobody says anything new; what is being said is repeated until it is accepted, for `patienceMs` at most. */
  async stop(patienceMs: number): Promise<void> {
    this.#quiet.abort()
    this.redeliveries.close()
    const timer = setTimeout(() => this.#over.abort(), patienceMs)
    await Promise.all(this.#places)
    clearTimeout(timer)
  }

  /** Ends all at once. */
  abandon(): void {
    this.#quiet.abort()
    this.#over.abort()
    this.redeliveries.close()
    for (const listener of this.listeners) listener.leave()
  }

  async #fill(place: number): Promise<void> {
    const random = this.#options.random.fork()
    const way = ways[place % ways.length]
    while (way && !this.#quiet.signal.aborted) {
      const person = this.#newcomer(way, random)
      this.people.push(person)
      await person.live()
    }
  }

  #newcomer(way: Way, random: Random): Person {
    const { api, cluster, people, rate, onMisbehaviour } = this.#options
    const n = this.people.length + 1
    const name = `${way.channel}-${n}`
    const address = way.channel === 'sms' ? `+1415${String(2_000_000 + n)}` : undefined
    const open = async (): Promise<(Door & { conversationId?: string }) | undefined> => {
      if (address !== undefined) return smsDoor(cluster.sandbox, { from: address, to: way.to }, onMisbehaviour)
      const door = await openWeb(api, way.to)
      if (door && this.listeners.length < LISTENERS) {
        const urls = this.listeners.length % 2 === 0 ? cluster.apiUrls : cluster.apiUrls.toReversed()
        this.listeners.push(new Listener(urls, door.conversationId, door.token))
      }
      return door
    }
    return new Person({
      name,
      way,
      ...(address !== undefined && { address }),
      random,
      messages: random.whole(...MESSAGES_PER_PERSON),
      open,
      pace: () => this.#pace(),
      // Bursts and waits for a chat to close make up for each other, about.
      pauseMs: (people / rate) * 1_000,
      onAccepted: (person, message) => this.#onAccepted(person, message, random),
      onRefused: onMisbehaviour,
      quiet: this.#quiet.signal,
      over: this.#over.signal,
    })
  }

  #onAccepted(person: Person, { text, key }: { text: string; key: string }, random: Random): void {
    this.accepted++
    const { door } = person
    const luck = random.next()
    if (!door || luck > 0.06) return
    this.repeated++
    const later = luck > 0.03 ? random.between(5_000, 90_000) : 0
    this.redeliveries.add({ at: Date.now() + later, send: () => door.send(text, key, true) })
  }

  /** Tells how many messages wait for their answers. */
  noteWaiting(messages: number): void {
    this.#waiting = messages
  }

  /**
   * Longer pauses when the run is ahead of its rate, shorter ones when it is behind; much longer ones when the machine is too
   * slow for the rate: more waits than is answered, or the providers' and the proxies' own work is late.
   */
  #pace(): number {
    const { rate, latenessMs } = this.#options
    const wanted = ((Date.now() - this.#began) / 1_000) * rate
    const ahead = (this.accepted - wanted) / (rate * HURRY_S)
    const strain = Math.max(this.#waiting / (rate * PATIENCE_S), latenessMs() / LATE_MS)
    if (strain > 1) return Math.min(20, 3 * strain)
    return Math.min(3, Math.max(0.1, 1 + ahead))
  }
}
