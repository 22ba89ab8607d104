import { setTimeout as passed } from 'node:timers/promises'
import type { SandboxClient } from '@chatlane/sandbox'
import { Client } from '../attacker/client.ts'
import { type Visitor, visitors } from '../attacker/conversations.ts'
import { fileLink } from '../run/file-link.ts'
import { DESCRIBES_FILES, WRITTEN_TO } from '../run/routes.ts'
import { type Kind, type Noticed, nothing } from './measured.ts'
import { Stream } from './stream.ts'

const PEOPLE = 8

/** A person writes so often on the web, ms. */
const WRITE_EVERY_MS = 1_000

/** Nobody waits longer for an answer. */
const PATIENCE_MS = 15_000

interface Person {
  visitor: Visitor
  from: string
  stream: Stream
}

/** Everybody else: they use each part of the service at a steady pace, and note how long it takes. */
export class Others {
  readonly #client: Client
  readonly #sandbox: SandboxClient
  readonly #people: readonly Person[]
  readonly #file: string
  #count = 0

  private constructor(client: Client, sandbox: SandboxClient, people: readonly Person[], file: string) {
    this.#client = client
    this.#sandbox = sandbox
    this.#people = people
    this.#file = file
  }

  /** @param place which others these are: no two share an address or a number */
  static async gather(apiUrl: string, apiKey: string, sandbox: SandboxClient, place: number): Promise<Others> {
    const client = new Client(apiUrl)
    const begun = await visitors({ client, apiKey }, PEOPLE)
    const people = begun.map((visitor, n): Person => {
      const from = `198.51.${place}.${n + 1}`
      return { visitor, from, stream: new Stream(client, visitor, from) }
    })
    const number = `+1415556${String(place).padStart(4, '0')}`
    const file = await fileLink({ client, apiKey }, sandbox, { from: number, to: DESCRIBES_FILES, bytes: 30_000 })
    return new Others(client, sandbox, people, file)
  }

  /** What they notice in so long. */
  async notice(forMs: number): Promise<Noticed> {
    const noticed = nothing()
    const end = performance.now() + forMs
    const every = async (ms: number, delay: number, once: () => Promise<unknown>) => {
      const pending: Promise<unknown>[] = []
      await passed(delay)
      while (performance.now() < end) {
        pending.push(once())
        await passed(ms)
      }
      await Promise.all(pending)
    }
    await Promise.all([
      ...this.#people.map((person, n) =>
        every(WRITE_EVERY_MS, (n * WRITE_EVERY_MS) / PEOPLE, () => this.#write(person, noticed)),
      ),
      every(200, 0, () => this.#text(noticed)),
      every(200, 100, () => this.#read(noticed)),
    ])
    for (const { stream } of this.#people) if (stream.broken) noticed.errors.push('events: the stream broke')
    return noticed
  }

  async leave(): Promise<void> {
    for (const { stream } of this.#people) stream.leave()
    await this.#client.close()
  }

  async #write({ visitor, from, stream }: Person, noticed: Noticed): Promise<void> {
    const text = `text ${++this.#count}`
    const own = timed(noticed, 'events', stream.hear(text))
    const answered = timed(noticed, 'answer', stream.hear(`echo: ${text}`))
    const taken = timed(
      noticed,
      'web',
      expected(202, this.#client.ask(`${visitor.path}/messages`, { body: { text }, headers: visitor.headers, from })),
    )
    await Promise.all([own, answered, taken])
  }

  async #text(noticed: Noticed): Promise<void> {
    const n = ++this.#count
    const from = `+1415557${String(n % 10_000).padStart(4, '0')}`
    const sent = this.#sandbox.sendSms({ from, to: WRITTEN_TO, body: `text ${n}` })
    await timed(noticed, 'twilio', expected(204, sent))
  }

  async #read(noticed: Noticed): Promise<void> {
    await timed(noticed, 'file', expected(200, this.#client.ask(this.#file, { from: '198.51.100.99' })))
  }
}

async function expected(wanted: number, answer: Promise<{ status: number | null }>): Promise<void> {
  const { status } = await answer
  if (status !== wanted) throw new Error(`expected ${wanted}, got ${status === 0 ? 'no answer' : status}`)
}

async function timed(noticed: Noticed, kind: Kind, done: Promise<void>): Promise<void> {
  const began = performance.now()
  const over = new AbortController()
  const late = passed(PATIENCE_MS, undefined, { signal: over.signal }).then(() => {
    throw new Error(`expected it within ${PATIENCE_MS / 1_000} s`)
  })
  try {
    await Promise.race([done, late])
    noticed.ms[kind].push(performance.now() - began)
  } catch (error) {
    noticed.errors.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    over.abort()
    late.catch(() => {})
  }
}
