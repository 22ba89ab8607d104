import { once } from 'node:events'
import { createServer } from 'node:http'

interface ReceivedPost {
  path: string
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** Stands in for the api: keeps what it is sent and answers what it is told. */
export async function receivePosts() {
  const posts: ReceivedPost[] = []
  const answers: { status: number; text?: string }[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  const server = createServer(async (req, res) => {
    let body = ''
    for await (const chunk of req.setEncoding('utf8')) body += chunk
    posts.push({ path: req.url ?? '', headers: req.headers, body })
    const { status, text } = answers.shift() ?? { status: 204 }
    res.writeHead(status, text === undefined ? {} : { 'content-type': 'text/plain' }).end(text)
    for (const { count, resolve } of waiting) if (posts.length >= count) resolve()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    posts,
    /** The next answers; 204 when there is none left. */
    answers,
    /** Resolves when `count` posts have come in. */
    async count(count: number) {
      if (posts.length < count) await new Promise<void>((resolve) => waiting.push({ count, resolve }))
      return posts
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
