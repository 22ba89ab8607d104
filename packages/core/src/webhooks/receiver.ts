import { Pool } from 'undici'
import type { WebhookConfig } from '../config/config.ts'
import { connections } from '../http/connections.ts'
import { type Exchange, exchange } from '../http/exchange.ts'
import { retryAfterMs } from '../http/retry-after.ts'
import type { Webhook } from './item.ts'
import { WebhookSigner } from './signature.ts'

/** How long the receiver may take: it should note what it gets, and work on it later. */
const TIMEOUT_MS = 15_000

/** Webhooks on their way at once from this process. */
export const MOST_AT_ONCE = 50

/** What the receiver made of a webhook. */
export type Reception =
  | { outcome: 'taken' }
  /** It wants no more of this (410). */
  | { outcome: 'gone' }
  /** It asks to come back later, for everyone (429, or a 503 that says when). */
  | { outcome: 'busy'; detail: string; retryAfterMs?: number }
  | { outcome: 'failed'; detail: string; retryAfterMs?: number }

/** The business's system that gets webhooks. */
export class Receiver {
  readonly #pool: Pool
  readonly #path: string
  readonly #signer: WebhookSigner

  constructor(config: Pick<WebhookConfig, 'url' | 'secret' | 'secretNext'>) {
    const url = new URL(config.url)
    this.#path = url.pathname + url.search
    this.#signer = new WebhookSigner(config)
    this.#pool = new Pool(url.origin, {
      ...connections,
      connections: MOST_AT_ONCE,
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: 16 * 1024,
      // The deadline of the exchange covers both.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  /**
   * Follows no redirects. An answer ends at its status line and headers, whatever comes behind them.
   * @param begin asked at the last moment; throws when the webhook must not be sent any more
   * @throws what `begin` throws, or the reason of the signal
   */
  async post({ id, body }: Webhook, limits: { signal: AbortSignal; begin: () => void }): Promise<Reception> {
    const headers = { 'content-type': 'application/json', 'user-agent': 'Chatlane', ...this.#signer.headers(id, body) }
    const request = { method: 'POST', path: this.#path, headers, body } as const
    const done = await exchange(this.#pool, request, { timeoutMs: TIMEOUT_MS, statusAlone: true, ...limits })
    return receptionOf(done)
  }

  /** Lets requests in progress finish, then closes the connections. */
  close(): Promise<void> {
    return this.#pool.close()
  }
}

function receptionOf({ status, headers, failure }: Exchange): Reception {
  if (status !== undefined) return answered(status, retryAfterMs(headers))
  if (failure?.why === 'aborted') throw failure.cause
  const detail = failure?.why === 'timeout' ? `no answer within ${TIMEOUT_MS / 1_000} s` : causeOf(failure?.cause)
  return { outcome: 'failed', detail }
}

/** The status decides, even if the body then breaks off. */
function answered(status: number, afterMs: number | undefined): Reception {
  if (status >= 200 && status < 300) return { outcome: 'taken' }
  if (status === 410) return { outcome: 'gone' }
  const said = { detail: `the receiver answered ${status}`, ...(afterMs !== undefined && { retryAfterMs: afterMs }) }
  const busy = status === 429 || (status === 503 && afterMs !== undefined)
  return { outcome: busy ? 'busy' : 'failed', ...said }
}

function causeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'the connection failed'
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
}
