import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface Received {
  method: string | undefined
  path: string | undefined
  headers: IncomingHttpHeaders
  /** Parsed JSON; undefined without a body. */
  body: unknown
}

export type Step = (response: ServerResponse, request: IncomingMessage) => void

/** A real HTTP server on a free local port that does the given steps, one per request, and keeps what it received. */
export async function scriptedServer(...steps: Step[]) {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const { method, url: path, headers } = request
    received.push({ method, path, headers, body: body === '' ? undefined : JSON.parse(body) })
    const step = steps.shift() ?? answer(418, { message: 'nothing is scripted for this request' })
    step(response, request)
    server.emit('received')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    received,
    script: (...more: Step[]) => void steps.push(...more),
    /** Resolves with the next request that comes in. */
    nextRequest: () => once(server, 'received'),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export function answer(status: number, body?: unknown, headers: Record<string, string> = {}): Step {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return (response) => response.writeHead(status, headers).end(body === undefined ? undefined : text)
}

export const hang: Step = () => {}

export const reset: Step = (_response, request) => void request.socket.resetAndDestroy()

/** Status and headers and the beginning of a body, then the connection is closed. */
export function half(status: number, beginning: string): Step {
  return (response, request) => {
    response.writeHead(status, { 'content-length': beginning.length + 100 })
    response.write(beginning, () => request.socket.destroy())
  }
}

/** A provisional 103, then the connection is closed. */
export const hinted: Step = (response, request) => {
  response.writeEarlyHints({ link: '</a>; rel=preload' }, () => request.socket.destroy())
}

/** As `half`, but the rest never comes and the connection stays. */
export function stuck(status: number, beginning: string): Step {
  return (response) => void response.writeHead(status, { 'content-length': beginning.length + 100 }).write(beginning)
}
