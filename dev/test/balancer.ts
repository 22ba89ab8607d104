import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { setTimeout as passed } from 'node:timers/promises'

const lookEveryMs = 200

export interface Balancer {
  /** Resolves when the api at this port takes part, or does no more. */
  takesPart(port: number, wanted: boolean): Promise<void>
  close(): Promise<void>
}

/**
 * A load balancer as they are: sends requests to the apis whose `/readyz` is good, over connections that it keeps, and to
 * another api only when a connection was refused. What goes wrong in any other way is the client's to see, as a 502.
 */
export async function startBalancer(port: number, apis: readonly number[]): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true })
  const ready = new Set<number>()
  const closed = new AbortController()
  let turn = 0

  const look = async (api: number) => {
    while (!closed.signal.aborted) {
      const answer = await fetch(`http://127.0.0.1:${api}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch(
        () => {},
      )
      await answer?.body?.cancel()
      if (answer?.ok) ready.add(api)
      else ready.delete(api)
      await passed(lookEveryMs)
    }
  }
  for (const api of apis) void look(api)

  function pass(incoming: IncomingMessage, body: Buffer, response: ServerResponse, tries: number): void {
    const choice = [...ready]
    const api = choice[turn++ % choice.length]
    const fail = (why: string) => {
      if (!response.headersSent) response.writeHead(502)
      response.end(why)
    }
    if (api === undefined || tries === 0) {
      fail('no api is ready')
      return
    }
    const headers = { ...incoming.headers }
    delete headers.connection
    const outgoing = request({
      port: api,
      host: '127.0.0.1',
      agent,
      method: incoming.method,
      path: incoming.url,
      headers,
    })
    outgoing.on('response', (answer) => {
      const { connection: _, 'keep-alive': __, ...rest } = answer.headers
      response.writeHead(answer.statusCode ?? 502, rest)
      answer.pipe(response)
      answer.on('error', () => response.destroy())
    })
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') {
        ready.delete(api)
        pass(incoming, body, response, tries - 1)
      } else fail(`${error.code}: ${error.message}`)
    })
    response.on('close', () => outgoing.destroy())
    outgoing.end(body)
  }

  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    pass(incoming, Buffer.concat(chunks), response, apis.length + 1)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    takesPart: async (api, wanted) => {
      while (ready.has(api) !== wanted) await passed(20)
    },
    close: async () => {
      closed.abort()
      agent.destroy()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
