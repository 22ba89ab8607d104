import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { z } from 'zod'

/** `whsec_` and 24 bytes. */
export const webhookSecret = `whsec_${Buffer.from('the secret of the tests!').toString('base64')}`

const payload = z.strictObject({
  type: z.string(),
  timestamp: z.iso.datetime(),
  data: z.looseObject({ conversation_id: z.string() }),
})

/** A webhook that came in. */
export interface Received {
  id: string
  type: string
  timestamp: string
  data: z.infer<typeof payload>['data']
  headers: IncomingHttpHeaders
  path: string
  status: number
}

type Answer =
  | { status: number; headers?: Record<string, string>; body?: string }
  | 'drop'
  | 'hang'
  | ((socket: Socket) => void)

/**
 * The business's own system. Whatever comes is verified by the standard's own library; what it takes (2xx) is in `taken`.
 * @param answer how each is answered; 204 unless it says otherwise
 */
export async function startReceiver(answer: (webhook: Received) => Answer | undefined = () => undefined) {
  const received: Received[] = []
  const refused: string[] = []
  const sockets: Socket[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const { headers, url = '' } = request
    const signed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
    try {
      new Webhook(webhookSecret).verify(body, signed)
    } catch (error) {
      refused.push(String(error))
      response.writeHead(400).end()
      return
    }
    const webhook = {
      id: signed['webhook-id'] ?? '',
      ...payload.parse(JSON.parse(body)),
      headers,
      path: url,
      status: 0,
    }
    const said = answer(webhook) ?? { status: 204 }
    received.push(webhook)
    if (said === 'hang') return
    if (said === 'drop') {
      request.socket.destroy()
      return
    }
    if (typeof said === 'function') {
      sockets.push(request.socket)
      said(request.socket)
      return
    }
    webhook.status = said.status
    response.writeHead(said.status, said.headers).end(said.body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  return {
    url: `http://127.0.0.1:${address.port}/chatlane?from=test`,
    /** All that were verified, in the order in which they came. */
    received,
    /** On which an answer was written by hand. */
    sockets,
    /** Why others were not. */
    refused,
    get taken() {
      return received.filter(({ status }) => status >= 200 && status < 300)
    },
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
export type StartedReceiver = Awaited<ReturnType<typeof startReceiver>>
