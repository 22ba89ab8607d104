import { AsyncLocalStorage } from 'node:async_hooks'
import { stringify } from 'node:querystring'
import type twilio from 'twilio'
import { EnvHttpProxyAgent } from 'undici'
import type { TwilioAccess } from '../../config/config.ts'
import { connections } from '../../http/connections.ts'
import { type Exchange, exchange } from '../../http/exchange.ts'
import { repeatableExchange } from '../../http/repeatable-exchange.ts'
import { retryAfterMs } from '../../http/retry-after.ts'
import { twilioLibrary } from './library.ts'
import { SmsError, throttled } from './sms-error.ts'

/** Twilio's library waits 30 s unless told otherwise; a lane should not. */
const TIMEOUT_MS = 15_000

/**
 * Requests in progress per process, further ones wait: Twilio limits them per account, by a number that it does not publish,
 * and answers what is too much with 429 (twilio.com/docs/api/errors/20429).
 */
const MOST_IN_PROGRESS = 50

/** Asked when a request is about to be written to its connection; what it throws ends it, with nothing sent. */
const begins = new AsyncLocalStorage<() => void>()

/** Makes calls of the library that are given up when `begin` throws at the last moment before their request is sent. */
export function beginning<T>(begin: () => void, calls: () => Promise<T>): Promise<T> {
  return begins.run(begin, calls)
}

/**
 * Carries the library's requests over our own exchange, which knows what the library does not tell: whether a request that
 * failed ever left, and (exceptions of the library have no headers) for how long a 429 asks to wait.
 */
function createRequests(): twilio.RequestClient {
  const open = (most: number) =>
    new EnvHttpProxyAgent({ ...connections, connections: most, pipelining: 1, allowH2: false })
  const agent = open(MOST_IN_PROGRESS)
  class Requests extends twilioLibrary().RequestClient {
    override async request(asked: Asked) {
      const request = dispatched(asked)
      const limits = { timeoutMs: TIMEOUT_MS, begin: begins.getStore() }
      const done =
        request.method === 'GET'
          ? await repeatableExchange(agent, () => open(1), request, limits)
          : await exchange(agent, request, limits)
      const { status, headers, text, failure } = done
      // A refusal stands even if its explanation broke off.
      if (status === undefined || (failure !== undefined && status < 400)) throw brokenOff(done)
      if (status === 429) throw throttled(retryAfterMs(headers))
      return { statusCode: status, body: bodyOf(text), headers }
    }
  }
  return new Requests()
}

/** A request as the library asks for it. */
type Asked = Parameters<twilio.RequestClient['request']>[0]

/** The same as undici takes it. It asks with GET, and posts forms. */
function dispatched({ method, uri, username, password, headers, params, data }: Asked) {
  // The address of a list's next page has its query already.
  const { origin, pathname, search } = new URL(uri)
  const query = params === undefined ? '' : stringify({ ...params })
  return {
    origin,
    path: query === '' ? pathname + search : `${pathname}?${query}`,
    method: method === 'get' ? 'GET' : 'POST',
    headers: { ...headers, authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
    body: data === undefined ? null : stringify(Object(data)),
  } as const
}

/** Null for a text that is no JSON: the library then goes by the status. */
function bodyOf(text: string) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** What a request without a whole answer means. */
function brokenOff({ sent, failure }: Exchange): unknown {
  if (failure?.why === 'aborted') return failure.cause
  const { cause } = failure ?? {}
  const why = cause instanceof Error && 'code' in cause ? String(cause.code) : (failure?.why ?? 'no answer')
  if (!sent) return new SmsError('unreachable', 'retry', `Twilio cannot be reached: ${why}`)
  return new SmsError('unclear', 'unclear', `Twilio did not answer: ${why}`)
}

/** Twilio's own library, set up for our account. Nothing is repeated by it. */
export function createTwilioClient(config: TwilioAccess): twilio.Twilio {
  const { accountSid, authToken, apiKeySid, apiKeySecret } = config
  const library = twilioLibrary()
  const httpClient = createRequests()
  const client =
    apiKeySid !== undefined && apiKeySecret !== undefined
      ? library(apiKeySid, apiKeySecret, { accountSid, httpClient })
      : library(accountSid, authToken, { accountSid, httpClient })
  if (config.baseUrl !== undefined) client.api.baseUrl = config.baseUrl
  return client
}
