import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export interface FakeMedia {
  url: string
  /** What was asked for, in order: the path, and whether with credentials. */
  asked: { host: string; path: string; authorization: string | undefined }[]
  /** Answers a path. */
  on(path: string, answer: (response: ServerResponse, request: IncomingMessage) => void): void
  stop(): Promise<void>
}

/** Twilio's media, as far as a test says what it answers; everything else is not there. */
export async function fakeMedia(): Promise<FakeMedia> {
  const answers = new Map<string, (response: ServerResponse, request: IncomingMessage) => void>()
  const asked: FakeMedia['asked'] = []
  const server = createServer((request, response) => {
    const { host = '', authorization } = request.headers
    asked.push({ host, path: request.url ?? '', authorization })
    const answer = answers.get(request.url ?? '')
    if (answer) answer(response, request)
    else response.writeHead(404).end()
  }).listen(0)
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('expected the server to listen on a port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    on: (path, answer) => void answers.set(path, answer),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
