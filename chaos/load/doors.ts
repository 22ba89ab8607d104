import type { SandboxClient } from '@chatlane/sandbox'
import { Pool } from 'undici'
import { z } from 'zod'

/** What came of one try; `status` undefined: no answer. */
export interface Answer {
  status: number | undefined
  /** As the api asks; ms. */
  retryAfterMs?: number
  body?: unknown
}

/**
 * What is wrong with an answer of Chatlane's, whatever was asked; undefined: nothing is. That it cannot take anything just
 * now is a 503, or no answer; any other 5xx is a mistake of its own.
 */
export function serverError({ status }: Answer): string | undefined {
  if (status === undefined || status === 503 || status < 500) return undefined
  return `expected a 503 or no answer while something is broken, got ${status}`
}

/** Not taken, and nothing wrong with that: to be tried again. */
export function isOutage({ status }: Answer): boolean {
  return status === undefined || status === 429 || status === 503
}

/** A request of ours that takes longer is given up: nobody looks at a page for longer. */
const PATIENCE_MS = 8_000

/** Calls the apis as a server of somebody's own does: to one, and to the other when that one gives no answer. */
export class ApiClient {
  readonly #pools: Pool[]
  readonly #apiKey: string
  readonly #onMisbehaviour: (what: string) => void
  #turn = 0

  /** @param onMisbehaviour told of answers that must not be */
  constructor(urls: readonly string[], apiKey: string, onMisbehaviour: (what: string) => void) {
    const options = { connections: 48, headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS }
    this.#pools = urls.map((url) => new Pool(url, options))
    this.#apiKey = apiKey
    this.#onMisbehaviour = onMisbehaviour
  }

  /**
   * Tries each api once.
   * @param first which one is asked first; each in turn when it does not matter
   */
  async call(
    method: 'GET' | 'POST',
    path: string,
    { body, key, first = this.#turn++ }: { body?: unknown; key?: string; first?: number } = {},
  ): Promise<Answer> {
    let answer: Answer = { status: undefined }
    for (let n = 0; n < this.#pools.length && answer.status === undefined; n++) {
      answer = await this.#ask((first + n) % this.#pools.length, method, path, body, key)
      const wrong = serverError(answer)
      if (wrong !== undefined) this.#onMisbehaviour(`${method} ${path}: ${wrong}`)
    }
    return answer
  }

  async close(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.destroy()))
  }

  async #ask(n: number, method: 'GET' | 'POST', path: string, body: unknown, key?: string): Promise<Answer> {
    try {
      const response = await this.#pools[n]?.request({
        method,
        path,
        headers: {
          authorization: `Bearer ${this.#apiKey}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(key !== undefined && { 'idempotency-key': key }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      })
      if (!response) return { status: undefined }
      const text = await response.body.text()
      const pause = Number(response.headers['retry-after'])
      return {
        status: response.statusCode,
        ...(pause > 0 && { retryAfterMs: pause * 1_000 }),
        body: text === '' ? undefined : JSON.parse(text),
      }
    } catch {
      return { status: undefined }
    }
  }
}

const opened = z.object({ conversation_id: z.string(), token: z.string() })

/** Somebody's way into Chatlane. */
export interface Door {
  /** Sends a text; the same key again is a repeat of the same message. */
  send(text: string, key: string, toTheOther?: boolean): Promise<Answer>
  /** Asks for the chat to end; where there is no such thing, nothing happens. */
  end(): Promise<void>
}

/** What opening a conversation on the web gives; undefined when it did not come about. */
export async function openWeb(
  api: ApiClient,
  publicKey: string,
): Promise<(Door & { conversationId: string; token: string }) | undefined> {
  const answer = await api.call('POST', '/v1/conversations', { body: { public_key: publicKey } })
  const made = opened.safeParse(answer.body)
  if (answer.status !== 201 || !made.success) return undefined
  const { conversation_id: conversationId, token } = made.data
  const path = `/v1/conversations/${conversationId}`
  let last = 0
  return {
    conversationId,
    token,
    send: (text, key, toTheOther = false) => {
      last = toTheOther ? last + 1 : last
      return api.call('POST', `${path}/messages`, { body: { text }, key, first: last++ })
    },
    end: async () => void (await api.call('POST', `${path}/end`)),
  }
}

/** A telephone: Twilio brings what is said, to whichever api takes it. The key is the message's id at Twilio. */
export function smsDoor(
  sandbox: SandboxClient,
  { from, to }: { from: string; to: string },
  onMisbehaviour: (what: string) => void,
): Door {
  return {
    send: async (body, key) => {
      try {
        const { status } = await sandbox.sendSms({ from, to, body, message_sid: key })
        const answer = { status: status ?? undefined }
        const wrong = serverError(answer)
        if (wrong !== undefined) onMisbehaviour(`${from}'s message: ${wrong}`)
        return answer
      } catch {
        return { status: undefined }
      }
    },
    end: async () => {},
  }
}
