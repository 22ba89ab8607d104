import { retryAfterMs } from '@chatlane/core'
import { Agent, request } from 'undici'

/** What came of one request; `status` undefined: no answer. */
export interface Answer {
  status: number | undefined
  /** How long it asks to wait, ms. */
  retryAfterMs?: number
  /** Of a JSON answer. */
  body?: unknown
  /** Why there is no answer. */
  problem?: string
}

/** For the whole request, waiting for a connection and all: as long as Twilio waits for a webhook. */
const PATIENCE_MS = 15_000

/** More at a time wait here, and their waiting counts. */
const CONNECTIONS = 1_000

/** Calls the apis in turn, as a load balancer would. Never throws: that there is no answer is an answer, too. */
export class Api {
  readonly urls: readonly string[]
  readonly #apiKey: string
  readonly #agent = new Agent({ connections: CONNECTIONS, headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS })
  #turn = 0

  constructor(urls: readonly string[], apiKey: string) {
    this.urls = urls
    this.#apiKey = apiKey
  }

  get(path: string, url = this.#next()): Promise<Answer> {
    return this.#ask('GET', `${url}${path}`, this.#key(), null)
  }

  post(path: string, body: unknown): Promise<Answer> {
    const headers = { ...this.#key(), 'content-type': 'application/json' }
    return this.#ask('POST', `${this.#next()}${path}`, headers, JSON.stringify(body))
  }

  /** A form of somebody who has no key. */
  postForm(path: string, headers: Record<string, string>, form: Record<string, string>): Promise<Answer> {
    const type = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' }
    return this.#ask('POST', `${this.#next()}${path}`, { ...type, ...headers }, new URLSearchParams(form).toString())
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }

  #key(): Record<string, string> {
    return { authorization: `Bearer ${this.#apiKey}` }
  }

  #next(): string {
    return this.urls[this.#turn++ % this.urls.length] ?? ''
  }

  async #ask(method: 'GET' | 'POST', url: string, headers: Record<string, string>, body: string | null) {
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS)
      const response = await request(url, { dispatcher: this.#agent, method, headers, body, signal })
      const text = await response.body.text()
      const pause = retryAfterMs(response.headers)
      return { status: response.statusCode, ...(pause !== undefined && { retryAfterMs: pause }), body: parsed(text) }
    } catch (error) {
      return { status: undefined, problem: problemOf(error) }
    }
  }
}

/** Undefined for what is no JSON: somebody else's page, in between. */
function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${PATIENCE_MS / 1_000} s`
  return error.message || String(Reflect.get(error, 'code') ?? error.name)
}
