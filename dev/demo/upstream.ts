import { setTimeout as passed } from 'node:timers/promises'
import type { HistoryEntry, SandboxClient, TwilioEntry, UponaiEntry } from '@chatlane/sandbox'
import { type Person, people } from './cast.ts'
import type { Journal, Kind } from './journal.ts'

const lookEveryMs = 100
const longMs = 1_000

/** Watches the sandbox and notes what the people feel of it: texts that arrive, and UponAI's moods. */
export class Upstream {
  readonly #sandbox: SandboxClient
  readonly #journal: Journal
  readonly #chats = new Map<string, Person>()
  /** What was noted of each entry, by its number. */
  readonly #noted = new Map<number, Set<Kind>>()
  readonly #troubled = new Set<Person>()
  readonly #watching: Promise<void>
  #over = false

  constructor(sandbox: SandboxClient, journal: Journal) {
    this.#sandbox = sandbox
    this.#journal = journal
    this.#watching = this.#watch()
    // Told by stop().
    this.#watching.catch(() => {})
  }

  /** Looks one last time. */
  async stop(): Promise<void> {
    this.#over = true
    await this.#watching
  }

  async #watch(): Promise<void> {
    for (let last = false; !last; ) {
      last = this.#over
      for (const entry of await this.#sandbox.history()) this.#see(entry)
      if (!last) await passed(lookEveryMs)
    }
  }

  #see(entry: HistoryEntry): void {
    if (entry.kind === 'twilio') this.#seeSms(entry)
    if (entry.kind === 'uponai' && entry.chat_id !== null) this.#seeChat(entry, entry.chat_id)
  }

  #seeSms({ seq, operation, effect, to, body, answered_at: end }: TwilioEntry): void {
    if (operation !== 'message-create' || !effect || end === null) return
    const person = people.find(({ number }) => number === to)
    if (person) this.#note(seq, person, 'hears', body ?? '', end)
  }

  #seeChat(entry: UponaiEntry, chat: string): void {
    const { seq, operation, outcome, status, fault, content, at } = entry
    const end = entry.answered_at ?? at
    const speaker = people.find(({ lines }) => lines.some(({ text }) => text === content))
    if (speaker) this.#chats.set(chat, speaker)
    const person = this.#chats.get(chat)
    if (!person) return
    if (operation === 'completion') {
      if (!this.#noted.has(seq) && this.#troubled.delete(person))
        this.#note(seq, person, 'mended', 'the pause is over: UponAI is asked again', at)
      this.#noted.set(seq, this.#noted.get(seq) ?? new Set())
      if (outcome === 'pending' && Date.now() - at > longMs) this.#note(seq, person, 'waits', 'UponAI is thinking …')
      if (outcome === 'dropped') this.#trouble(seq, person, 'nobody is left to take UponAI’s answer', end)
      if (fault?.kind === 'status' && status === 500)
        this.#trouble(seq, person, 'UponAI answers 500: did it get that, or not?', end)
      if (fault?.kind === 'status' && status === 429)
        this.#trouble(seq, person, 'UponAI answers 429: come back in 2 s', end)
    }
    if (operation === 'get' && outcome === 'answered' && this.#troubled.delete(person))
      this.#note(seq, person, 'mended', 'chat read back: the text is there, so it is not sent again', end)
    if (operation === 'end' && status === 204)
      this.#note(seq, person, 'closed', 'nothing came: the chat is closed', end)
  }

  #trouble(seq: number, person: Person, text: string, at: number): void {
    if (this.#note(seq, person, 'trouble', text, at)) this.#troubled.add(person)
  }

  /** Notes each thing once, however often the history is read; false if it was known. */
  #note(seq: number, { name, channel }: Person, kind: Kind, text: string, at?: number): boolean {
    const noted = this.#noted.get(seq) ?? new Set()
    if (noted.has(kind)) return false
    this.#noted.set(seq, noted.add(kind))
    this.#journal.note(name, channel, kind, text, at)
    return true
  }
}
