import { setTimeout as passed } from 'node:timers/promises'
import type { Api } from './api.ts'
import { checkConversation } from './check/check.ts'
import type { Checked, LedgerItem } from './check/evidence.ts'
import { findConversation, findConversations, type Line } from './check/find-conversations.ts'
import { readConversation } from './check/read-conversation.ts'
import type { Person } from './person.ts'

/** Someone who is looked after; `line` where the conversation has to be found first. */
export interface Watched {
  person: Person
  line?: Line
  checked?: Checked
}

export interface WatchOptions {
  api: Api
  expectEcho: boolean
  /** Reads per second while people write: they are load, too. */
  readsPerSecond: number
  /** Told of each answer the first time it is seen: from plan to answer, ms. */
  onAnswer: (ms: number) => void
}

/** A conversation is looked at once in this time at most, ms. */
const AGAIN_MS = 1_000

/** Numbers are looked for so often, ms, among the newest conversations: in so many pages while people write. */
const FIND_MS = 2_000
const PAGES = 1

/** Conversations read at a time. */
const READERS = 16

/** Looks at the conversations that wait for answers, while people write and until all have theirs; then at all of them. */
export class Watch {
  readonly people: Watched[] = []
  readonly #options: WatchOptions
  readonly #over = new AbortController()
  readonly #queue: { one: Watched; at: number }[] = []
  readonly #queued = new Set<Watched>()
  readonly #work: Promise<unknown>
  #pages = PAGES

  constructor(options: WatchOptions) {
    this.#options = options
    this.#work = Promise.all([this.#lookOn(), this.#findOn()])
  }

  add(one: Watched): void {
    this.people.push(one)
  }

  /** There is something to wait for in somebody's conversation. */
  expect(one: Watched): void {
    if (this.#queued.has(one)) return
    this.#queued.add(one)
    this.#queue.push({ one, at: Date.now() + AGAIN_MS })
  }

  /** Messages that were seen to be answered, and to have come to another end. */
  seen(): { answered: number; otherwise: number } {
    let answered = 0
    let otherwise = 0
    for (const { checked } of this.people) {
      if (!checked) continue
      const { ended } = checked
      answered += ended.answered
      otherwise += ended.failed + ended.dropped + ended.moved + ended.handed_off
    }
    return { answered, otherwise }
  }

  /** Resolves when every accepted message has its end, or the time is over. */
  async settle(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs
    this.#pages = Number.POSITIVE_INFINITY
    while (this.#queued.size > 0 && Date.now() < deadline) await passed(100)
    await this.stop()
  }

  /** The last look: at every conversation, whatever was seen before. */
  async lookAtAll(onLooked: (done: number) => void): Promise<void> {
    await this.#find(this.#lost(), Number.POSITIVE_INFINITY)
    const left = [...this.people]
    let done = 0
    const readOn = async () => {
      for (let one = left.pop(); one; one = left.pop()) {
        await this.#lookAtLast(one)
        onLooked(++done)
      }
    }
    await Promise.all(Array.from({ length: READERS }, readOn))
  }

  /** Looks no more. */
  async stop(): Promise<void> {
    this.#over.abort()
    await this.#work
  }

  async #lookOn(): Promise<void> {
    const { readsPerSecond } = this.#options
    while (!this.#over.signal.aborted) {
      const began = Date.now()
      const due = this.#queue.findIndex(({ at }) => at > began)
      const now = this.#queue.splice(0, Math.min(READERS, due === -1 ? this.#queue.length : due))
      await Promise.all(now.map(({ one }) => this.#lookAgain(one)))
      const pause = Math.max(10, (now.length / readsPerSecond) * 1_000 - (Date.now() - began))
      await passed(pause, undefined, { signal: this.#over.signal }).catch(() => {})
    }
  }

  async #lookAgain(one: Watched): Promise<void> {
    const looked = await this.#look(one)
    // What was sent meanwhile was not seen; it is expected anew.
    if (!looked || !one.checked || one.checked.waiting > 0) this.#queue.push({ one, at: Date.now() + AGAIN_MS })
    else this.#queued.delete(one)
  }

  /** False when there was nothing to be seen, or not all that had been sent by the end of the look. */
  async #look(one: Watched): Promise<boolean> {
    const { door, sent } = one.person
    const id = door.conversationId
    if (id === undefined) return false
    const before = sent.length
    const items = await readConversation(this.#options.api, id)
    if (typeof items === 'string') return false
    this.#check(one, items)
    return sent.length === before
  }

  async #lookAtLast(one: Watched): Promise<void> {
    const { api } = this.#options
    const { door } = one.person
    if (one.line && door.conversationId === undefined) {
      const found = await findConversation(api, one.line)
      if ('problem' in found) return this.#check(one, found.problem)
      door.conversationId = found.id
    }
    this.#check(one, door.conversationId === undefined ? [] : await readConversation(api, door.conversationId))
  }

  #check(one: Watched, items: LedgerItem[] | string): void {
    const { expectEcho, onAnswer } = this.#options
    const { name, sent, door } = one.person
    const before = one.checked?.answers.length ?? 0
    one.checked = checkConversation({ person: name, conversationId: door.conversationId, sent, items }, expectEcho)
    for (const { message, afterMs } of one.checked.answers.slice(before))
      onAnswer(message.settledAt - message.plannedAt + afterMs)
  }

  async #findOn(): Promise<void> {
    while (!this.#over.signal.aborted) {
      await passed(FIND_MS, undefined, { signal: this.#over.signal }).catch(() => {})
      await this.#find(
        this.#lost().filter((one) => this.#queued.has(one)),
        this.#pages,
      )
    }
  }

  #lost(): Watched[] {
    return this.people.filter(
      ({ line, person: { door, sent } }) =>
        line && door.conversationId === undefined && sent.some(({ outcome }) => outcome !== 'refused'),
    )
  }

  async #find(lost: readonly Watched[], pages: number): Promise<void> {
    if (lost.length === 0) return
    const lines = lost.flatMap(({ line }) => line ?? [])
    const found = await findConversations(this.#options.api, lines, pages)
    for (const { line, person } of lost) person.door.conversationId = line && found.get(line.participant)
  }
}
