import { setTimeout as passed } from 'node:timers/promises'
import { request } from 'undici'

/** Somebody with the page open: listens to a conversation's events, and resumes wherever the connection breaks. */
export class Listener {
  readonly conversationId: string
  /** The ids of the items heard, in the order in which they came. */
  readonly heard: string[] = []
  readonly #urls: readonly string[]
  readonly #token: string
  readonly #leaving = new AbortController()
  #last = '0'
  connections = 0

  /** @param urls of the apis, in the order in which they are tried */
  constructor(urls: readonly string[], conversationId: string, token: string) {
    this.#urls = urls
    this.conversationId = conversationId
    this.#token = token
    void this.#listen()
  }

  leave(): void {
    this.#leaving.abort()
  }

  async #listen(): Promise<void> {
    const { signal } = this.#leaving
    for (let turn = 0; !signal.aborted; turn++) {
      const url = this.#urls[turn % this.#urls.length]
      await this.#connect(`${url}/v1/conversations/${this.conversationId}/events?token=${this.#token}`).catch(() => {})
      await passed(300, undefined, { signal }).catch(() => {})
    }
  }

  async #connect(url: string): Promise<void> {
    const { signal } = this.#leaving
    const headers = { accept: 'text/event-stream', 'last-event-id': this.#last }
    // Twice the heartbeat: a stream that is silent for longer is dead.
    const response = await request(url, { headers, signal, headersTimeout: 8_000, bodyTimeout: 30_000 })
    if (response.statusCode !== 200) return void (await response.body.dump())
    this.connections++
    response.body.setEncoding('utf8')
    let rest = ''
    for await (const piece of response.body) {
      const frames = (rest + piece).split('\n\n')
      rest = frames.pop() ?? ''
      for (const frame of frames) this.#take(frame)
    }
  }

  /** The api's frames have a line each for event, id and data. */
  #take(frame: string): void {
    const id = /^id: (.+)$/m.exec(frame)?.[1]
    if (id === undefined) return
    this.#last = id
    if (/^event: message$/m.test(frame)) this.heard.push(id)
  }
}

/** What is wrong with what was heard, in words: an item twice, out of order or left out. `items`: the ledger's ids, in order. */
export function compareHeard(heard: readonly string[], items: readonly string[]): string[] {
  const problems: string[] = []
  const known = new Set(heard)
  if (known.size < heard.length) problems.push(`${heard.length - known.size} items came twice`)
  const missing = items.filter((id) => !known.has(id))
  if (missing.length > 0) problems.push(`${missing.length} of ${items.length} items did not come, first ${missing[0]}`)
  const places = new Map(items.map((id, place) => [id, place]))
  let furthest = -1
  for (const id of heard) {
    const place = places.get(id)
    if (place === undefined) problems.push(`${id} came and is not in the ledger`)
    else if (place < furthest) problems.push(`${id} came behind a later item`)
    else furthest = place
  }
  return problems
}
