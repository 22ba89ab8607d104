import type { Readable } from 'node:stream'
import { type Dispatcher, EnvHttpProxyAgent } from 'undici'
import type { TwilioConfig } from '../../config/config.ts'
import { connections } from '../../http/connections.ts'
import { hasSids, type InboundMedia, safeType } from './media.ts'

const TWILIO_API = 'https://api.twilio.com'

/** Twilio answers with the address of its content network, which may send on once more. */
const MOST_REDIRECTS = 2

const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** From one byte to the next; for the whole the caller has a signal. */
const SILENCE_MS = 10_000

/** A file that cannot be had. `gone`: Twilio has it no more; `failed`: it did not give it. */
export class MediaError extends Error {
  override readonly name = 'MediaError'
  readonly why: 'gone' | 'failed'

  constructor(why: MediaError['why'], message: string) {
    super(message)
    this.why = why
  }
}

export interface MediaContent {
  /** The content type, as Twilio says it. */
  type: string
  /** Bytes, if Twilio says so. */
  size: number | undefined
  /** Must be read to its end, or left with {@link leave}. */
  body: Readable
}

/** Reads no further. Alone, a body that is destroyed too early says so as an error that ends the process. */
export function leave(body: Readable): void {
  body.on('error', () => {}).destroy()
}

/**
 * Reads files of messages from Twilio: from its api, with our credentials, and from where it redirects to, without them.
 * No other address is ever called.
 * @see https://www.twilio.com/docs/messaging/api/media-resource
 */
export class MediaSource {
  readonly #api: URL
  readonly #authorization: string
  readonly #agent = new EnvHttpProxyAgent({
    connections: 50,
    allowH2: false,
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
    ...connections,
  })

  constructor({ accountSid, authToken, apiKeySid, apiKeySecret, baseUrl = TWILIO_API }: TwilioConfig) {
    this.#api = new URL(baseUrl)
    const [user, password] =
      apiKeySid !== undefined && apiKeySecret !== undefined ? [apiKeySid, apiKeySecret] : [accountSid, authToken]
    this.#authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  }

  /** @throws MediaError, or the signal's reason */
  async open(
    { accountSid, messageSid, mediaSid }: Omit<InboundMedia, 'type'>,
    signal: AbortSignal,
  ): Promise<MediaContent> {
    if (!hasSids({ accountSid, messageSid, mediaSid })) throw new MediaError('gone', 'Twilio has no file of this name')
    const path = `/2010-04-01/Accounts/${accountSid}/Messages/${messageSid}/Media/${mediaSid}`
    let url = new URL(this.#api.pathname.replace(/\/$/, '') + path, this.#api)
    let headers: Record<string, string> = { authorization: this.#authorization }
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#get(url, headers, signal)
      const { statusCode: status, body } = answer
      if (status === 200) return contentOf(answer)
      leave(body)
      if (status === 404 || status === 410) throw new MediaError('gone', 'Twilio has this file no more')
      if (!REDIRECTS.has(status)) throw new MediaError('failed', `Twilio answered ${status}`)
      if (redirects === MOST_REDIRECTS) throw new MediaError('failed', 'Twilio redirects too often')
      url = this.#next(url, answer.headers.location)
      // What Twilio redirects to is signed; our credentials are for its api alone.
      headers = {}
    }
  }

  async #get(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    try {
      const { origin, pathname, search } = url
      return await this.#agent.request({ origin, path: pathname + search, method: 'GET', headers, signal })
    } catch (error) {
      signal.throwIfAborted()
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer'
      throw new MediaError('failed', `Twilio cannot be read: ${code}`)
    }
  }

  /** @throws MediaError for an address that is not Twilio's */
  #next(from: URL, location: string | string[] | undefined): URL {
    const to = typeof location === 'string' ? URL.parse(location, from.href) : null
    if (to === null || !this.#isTwilios(to)) throw new MediaError('failed', 'Twilio redirects to somewhere else')
    return to
  }

  #isTwilios({ protocol, host, hostname, origin, username }: URL): boolean {
    if (username !== '') return false
    if (origin === this.#api.origin) return true
    if (protocol !== 'https:' || host !== hostname) return false
    return hostname === 'api.twilio.com' || hostname.endsWith('.twiliocdn.com')
  }
}

function contentOf({ headers, body }: Dispatcher.ResponseData): MediaContent {
  const length = headers['content-length']
  const size = typeof length === 'string' && /^\d{1,15}$/.test(length) ? Number(length) : undefined
  return { type: safeType(headers['content-type']), size, body }
}
