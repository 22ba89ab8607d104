// One HTTP exchange, reported and never thrown. Built on undici's dispatch instead of its request(), for two things that
// request() does not give: whether the request ever left (that decides between "try again" and "look first"), and an
// abort that works while the request still waits for a free connection.
import type { Dispatcher } from 'undici'

export interface Exchange {
  /** The request was, or may have been, written to a connection. */
  sent: boolean
  /** Known as soon as the headers are there, even if the body then breaks off. */
  status?: number | undefined
  headers: Record<string, string | string[] | undefined>
  text: string
  /** Absent when the answer came in whole. */
  failure?: { why: 'timeout' | 'aborted' | 'connection'; cause: unknown } | undefined
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
  /** Nothing of the answer's body is kept. */
  dropBody?: boolean | undefined
}

export function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  { timeoutMs, signal, begin, dropBody = false }: Limits,
): Promise<Exchange> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let controller: Dispatcher.DispatchController | undefined
    let status: number | undefined
    let headers: Exchange['headers'] = {}
    let settled = false

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
      onResponseStart(_controller, statusCode, responseHeaders) {
        if (statusCode < 200) return
        status = statusCode
        headers = responseHeaders
      },
      onResponseData: (_controller, chunk) => void (dropBody || chunks.push(chunk)),
      onResponseEnd: () => settle(),
      onResponseError: (_controller, cause) => settle({ why: 'connection', cause }),
    })
  })
}

const over = () => new Error('the exchange is over')

const decoder = new TextDecoder()

const textOf = ([first, ...more]: Buffer[]): string =>
  decoder.decode(first && more.length === 0 ? first : Buffer.concat(first ? [first, ...more] : []))
