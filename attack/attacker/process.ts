// The attacker, a process of its own: what it costs the attacker is not to be taken for what it costs others.
import { createServer } from 'node:http'
import { z } from 'zod'
import { randomFrom } from '../../chaos/random.ts'
import type { Given, Side } from '../row.ts'
import { rowNamed } from '../rows.ts'
import { Client } from './client.ts'

const settings = z.object({
  apiUrl: z.string(),
  sandboxUrl: z.string(),
  apiKey: z.string(),
  seed: z.coerce.number(),
  receiverPort: z.coerce.number(),
})
const order = z.discriminatedUnion('do', [
  z.object({ do: z.literal('prepare'), row: z.string() }),
  z.object({ do: z.literal('start'), side: z.enum(['attack', 'harmless']) }),
  z.object({ do: z.literal('stop') }),
])

const { seed, receiverPort, ...where } = settings.parse(JSON.parse(process.argv[2] ?? ''))
const receiver = { endless: false }
const through: string[] = []
const random = randomFrom(seed)
let given: Given | undefined
let sides: Record<Side, (signal: AbortSignal) => Promise<void>> | undefined
let stop: (() => Promise<void>) | undefined

/** Of an answer; one without end goes on with it. */
const more = Buffer.alloc(65_536, 'x')

const server = createServer((request, response) => {
  request.resume()
  if (!receiver.endless) {
    response.writeHead(200).end(more)
    return
  }
  const pour = () => {
    while (!response.destroyed && response.write(more));
  }
  response.on('drain', pour).writeHead(200)
  pour()
}).listen(receiverPort, '127.0.0.1', () => process.send?.({ done: 'listening' }))

process.on('message', (message) => {
  void obey(order.parse(message)).then(
    () => process.send?.({ done: 'order', through: through.splice(0) }),
    (error: unknown) => process.send?.({ failed: error instanceof Error ? error.message : String(error) }),
  )
})
process.once('disconnect', () => {
  server.close()
  process.exit()
})

async function obey(told: z.infer<typeof order>): Promise<void> {
  if (told.do === 'prepare') {
    await given?.client.close()
    const client = new Client(where.apiUrl)
    given = { ...where, client, random: random.fork(), receiver, gotThrough: (what) => void through.push(what) }
    sides = await rowNamed(told.row).prepare(given)
  } else if (told.do === 'start') {
    const over = new AbortController()
    const running = sides?.[told.side](over.signal).catch((error: unknown) => through.push(`failed: ${String(error)}`))
    stop = async () => {
      over.abort()
      await running
    }
  } else {
    await stop?.()
    stop = undefined
  }
}
