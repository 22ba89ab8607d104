import { connect, type Socket } from 'node:net'
import { setTimeout as passed } from 'node:timers/promises'
import { Agent } from 'undici'

export interface Asked {
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  /** A value is sent as JSON, a text or bytes as they are. */
  body?: object | string | Buffer
  /** The address from which the request seems to come. */
  from?: string
  signal?: AbortSignal
}

/** `status` 0: no answer. */
export interface Answer {
  status: number
  text: string
}

const PATIENCE_MS = 10_000

/** Requests to one api, over as many connections as are wanted at once. */
export class Client {
  readonly #agent = new Agent({ headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS })
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async ask(path: string, { method, headers, body, from, signal }: Asked = {}): Promise<Answer> {
    const json = typeof body === 'object' && !Buffer.isBuffer(body)
    try {
      const response = await this.#agent.request({
        origin: this.#url,
        path,
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: {
          ...(json && { 'content-type': 'application/json' }),
          ...(from !== undefined && { 'x-forwarded-for': from }),
          ...headers,
        },
        body:
          typeof body === 'string' || Buffer.isBuffer(body) ? body : body === undefined ? null : JSON.stringify(body),
        ...(signal && { signal }),
      })
      return { status: response.statusCode, text: await response.body.text() }
    } catch {
      return { status: 0, text: '' }
    }
  }

  /** A connection of its own on which anything can be written. */
  socket(): Socket {
    const { hostname, port } = new URL(this.#url)
    return connect(Number(port), hostname).on('error', () => {})
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }
}

/** So many at once, each with a pause after each of its requests, until the signal. */
export async function repeatedly(
  signal: AbortSignal,
  { atOnce, pauseMs }: { atOnce: number; pauseMs: number },
  once: (place: number) => Promise<unknown>,
): Promise<void> {
  const one = async (place: number) => {
    // Not all at the same moment.
    await pause(signal, (pauseMs * place) / atOnce)
    while (!signal.aborted) {
      await once(place)
      await pause(signal, pauseMs)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, (_, place) => one(place)))
}

/** Sockets that are held, and opened again when they are closed, until the signal. */
export async function holding(signal: AbortSignal, count: number, open: (place: number) => Socket): Promise<void> {
  await repeatedly(signal, { atOnce: count, pauseMs: 1_000 }, async (place) => {
    const socket = open(place)
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve())
      if (signal.aborted) socket.destroy()
      signal.addEventListener('abort', () => socket.destroy(), { once: true })
    })
  })
}

const pause = (signal: AbortSignal, ms: number) => passed(ms, undefined, { signal }).catch(() => {})
