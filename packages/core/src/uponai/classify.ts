import { z } from 'zod'
import type { ErrorCode } from '../errors/catalog.ts'
import { ChatlaneError } from '../errors/chatlane-error.ts'
import type { Exchange } from '../http/exchange.ts'
import { retryAfterMs } from '../http/retry-after.ts'
import { parseWellFormed } from '../json/parse-json.ts'
import type { Operation } from './requests.ts'

const longestDetail = 300

/** A second create makes a second chat, a second completion says the text twice, a second analysis is charged; what is not here may be repeated freely. */
const unrepeatable: ReadonlySet<Operation> = new Set([
  'create',
  'complete',
  'rerun-analysis',
  'agent-create',
  'agent-publish',
  'agent-draft',
])

const namesChat: ReadonlySet<Operation> = new Set(['complete', 'get', 'update', 'end', 'delete', 'rerun-analysis'])
const namesAgent: ReadonlySet<Operation> = new Set([
  'agent-get',
  'agent-update',
  'agent-versions',
  'agent-publish',
  'agent-draft',
])

export function isRepeatable(operation: Operation): boolean {
  return !unrepeatable.has(operation)
}

/** The catalog's error for an exchange, or undefined when it came back whole with a 2xx. */
export function failureOf(operation: Operation, exchange: Exchange, apiKey: string): ChatlaneError | undefined {
  const { status, failure } = exchange
  const accepted = status !== undefined && status >= 200 && status < 300
  // A refusal stands even if its explanation broke off.
  if (status !== undefined && !accepted) {
    return new ChatlaneError(codeOfStatus(operation, status), `UponAI answered ${status} to ${operation}`, {
      status,
      retryAfterMs: retryAfterMs(exchange.headers),
      detail: explanation(exchange.text, apiKey),
    })
  }
  if (failure === undefined) return undefined
  const { why, cause } = failure
  const code = codeOfBreak(operation, exchange.sent, why)
  return new ChatlaneError(code, `no whole answer from UponAI to ${operation}: ${reason(failure)}`, { status, cause })
}

/** For a 2xx whose body cannot be read: with a create or a completion it took effect, we only do not know what it was. */
export function badAnswer(operation: Operation, expected: string, status?: number): ChatlaneError {
  return new ChatlaneError(
    'UPONAI_BAD_ANSWER',
    `UponAI's answer to ${operation} cannot be read: expected ${expected}`,
    {
      handling: isRepeatable(operation) ? 'retry' : 'unclear',
      status,
    },
  )
}

function codeOfStatus(operation: Operation, status: number): ErrorCode {
  if (status === 401 || status === 402 || status === 403) return 'UPONAI_CREDENTIALS'
  // Nothing is done there, for whichever message: the address is wrong, or something in between wants a sign-in.
  if (status >= 300 && status < 400) return 'UPONAI_REDIRECTED'
  if (status === 429) return 'UPONAI_THROTTLED'
  if (status === 408 || status >= 500) return isRepeatable(operation) ? 'UPONAI_SERVER_ERROR' : 'UPONAI_UNCLEAR'
  // An unknown id is 404 or 422. Creating and listing name none: there it is about something else.
  if (status === 404 || status === 422) {
    if (namesChat.has(operation)) return 'UPONAI_CHAT_GONE'
    if (namesAgent.has(operation)) return 'UPONAI_AGENT_UNKNOWN'
  }
  return 'UPONAI_REJECTED'
}

type Why = NonNullable<Exchange['failure']>['why']

function codeOfBreak(operation: Operation, sent: boolean, why: Why): ErrorCode {
  if (sent && !isRepeatable(operation)) return 'UPONAI_UNCLEAR'
  if (why === 'aborted') return 'UPONAI_ABORTED'
  return sent ? 'UPONAI_NO_ANSWER' : 'UPONAI_UNREACHABLE'
}

function reason({ why, cause, stale }: NonNullable<Exchange['failure']>): string {
  if (why === 'timeout') return 'timed out'
  if (why === 'aborted') return 'given up by the caller'
  const what = cause instanceof Error && 'code' in cause ? `${cause.code}` : 'the connection failed'
  return stale ? `${what} on a connection that was kept from an earlier request` : what
}

const text = z.string().trim().min(1)
const explained = z.union([
  z.object({ message: text }).transform(({ message }) => message),
  z.object({ error: text }).transform(({ error }) => error),
  z.object({ error: z.object({ message: text }) }).transform(({ error }) => error.message),
  z.object({ detail: text }).transform(({ detail }) => detail),
  z.object({ detail: z.array(z.unknown()).min(1) }).transform(({ detail }) => JSON.stringify(detail)),
])

/** UponAI's own words, from JSON `message`, `error` or `detail`, else the raw text; no documented shape exists. */
function explanation(body: string, apiKey: string): string | undefined {
  const words = explained.safeParse(json(body)).data ?? body.trim()
  if (words === '') return undefined
  return [...words.replaceAll(apiKey, '[redacted]')].slice(0, longestDetail).join('')
}

/** The parsed body, or undefined. The parser's own error quotes the body and is dropped for that. */
export function json(body: string): unknown {
  try {
    return parseWellFormed(body)
  } catch {
    return undefined
  }
}
