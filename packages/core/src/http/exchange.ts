// One HTTP exchange, reported and never thrown. Built on undici's dispatch instead of its request(), for two things that
// request() does not give: whether the request ever left (that decides between "try again" and "look first"), and an
// abort that works while the request still waits for a free connection.
import type { Dispatcher } from 'undici'
import { brokeWhenUsedAgain } from './connections.ts'

export interface Exchange {
  /** The request was, or may have been, written to a connection. */
  sent: boolean
  /** Known as soon as the headers are there, even if the body then breaks off. */
  status?: number | undefined
  headers: Record<string, string | string[] | undefined>
  text: string
  /** Absent when the answer came in whole. */
  failure?: Failure | undefined
}

export interface Failure {
  why: 'timeout' | 'aborted' | 'connection'
  cause: unknown
  /** The connection had been kept from an earlier exchange, and broke before anything was answered. */
  stale?: boolean | undefined
}

export interface Limits {
  /** For the whole exchange: waiting for a connection, headers and body. */
  timeoutMs: number
  signal?: AbortSignal | undefined
  /**
   * Asked at the last moment, when there is a connection and the request is about to be written to it: a process may have been
   * frozen since the call began. What it throws ends the exchange, with nothing sent.
   */
  begin?: (() => void) | undefined
  /**
   * The status line and the headers are the answer: the exchange ends with them. A short body is let go by, so that the
   * connection can be used again; with any other the connection is closed.
   */
  statusAlone?: boolean | undefined
}

/** What is let go by of a body that nobody wants: bytes, and time. */
const LET_BY_BYTES = 16 * 1024
const LET_BY_MS = 1_000

/** Bytes of an answer: more than any chat's transcript has, and less than a process has memory for. */
const MOST_BYTES = 32 * 1024 * 1024

/** Answers such as 103 before the one that counts. */
const MOST_INTERIM = 10

export function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  { timeoutMs, signal, begin, statusAlone = false }: Limits,
): Promise<Exchange> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let controller: Dispatcher.DispatchController | undefined
    let status: number | undefined
    let headers: Exchange['headers'] = {}
    let settled = false
    let interim = 0
    let letBy = 0
    let arrived = 0
    let lettingBy: NodeJS.Timeout | undefined

    const settle = (failure?: Exchange['failure']) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      const sent = controller !== undefined
      resolve({ sent, status, headers, text: textOf(chunks), failure })
      if (failure) controller?.abort(over())
    }
    const onAbort = () => settle({ why: 'aborted', cause: signal?.reason })
    const timer = setTimeout(() => settle({ why: 'timeout', cause: undefined }), timeoutMs)
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted) return onAbort()

    dispatcher.dispatch(request, {
      onRequestStart(started) {
        // Given up while it waited for a connection: undici still offers it the next free one.
        if (!settled && begin) {
          try {
            begin()
          } catch (cause) {
            settle({ why: 'aborted', cause })
          }
        }
        if (settled) started.abort(over())
        else controller = started
      },
      onResponseStart(started, statusCode, responseHeaders) {
        if (statusCode < 200) {
          if (++interim > MOST_INTERIM) started.abort(new Error('no answer but interim ones'))
          return
        }
        status = statusCode
        headers = responseHeaders
        if (!statusAlone) return
        settle()
        lettingBy = setTimeout(() => started.abort(over()), LET_BY_MS)
      },
      onResponseData(started, chunk) {
        if (!statusAlone) {
          arrived += chunk.length
          if (arrived <= MOST_BYTES) {
            chunks.push(chunk)
            return
          }
          chunks.length = 0
          settle({ why: 'connection', cause: new TooLongError() })
          return
        }
        letBy += chunk.length
        if (letBy > LET_BY_BYTES) started.abort(over())
      },
      onResponseEnd() {
        clearTimeout(lettingBy)
        settle()
      },
      onResponseError(_controller, cause) {
        clearTimeout(lettingBy)
        const answered = interim > 0 || status !== undefined
        settle({ why: 'connection', cause, stale: !answered && brokeWhenUsedAgain(cause) })
      },
    })
  })
}

const over = () => new Error('the exchange is over')

const decoder = new TextDecoder()

const textOf = ([first, ...more]: Buffer[]): string =>
  decoder.decode(first && more.length === 0 ? first : Buffer.concat(first ? [first, ...more] : []))

/** The answer goes on behind all that can be wanted. */
class TooLongError extends Error {
  override readonly name = 'TooLongError'
  readonly code = `over ${MOST_BYTES} bytes`
}
