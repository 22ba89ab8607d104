/** Sends the webhooks of a phase, as Twilio would: all it computes is done before the first one leaves. */
import { once } from 'node:events'
import { type Connection, openConnection } from './connection.ts'
import { webhookRequest } from './request.ts'
import { type LoadSaid, loadTaskSchema } from './task.ts'

const { url, phase, connections, perSecond } = loadTaskSchema.parse(JSON.parse(process.argv[2] ?? 'null'))
process.once('disconnect', () => process.exit())

const requests = Array.from({ length: phase.messages }, (_, message) => webhookRequest(url, phase, message))
const acceptedAt = new Float64Array(phase.messages)
const now = () => performance.timeOrigin + performance.now()
let latestMs = 0

/** Everything, as fast as the answers come. */
async function flatOut(open: readonly Connection[]): Promise<void> {
  let next = 0
  const work = async (connection: Connection) => {
    while (next < requests.length) await send(connection, next++)
  }
  await Promise.all(open.map(work))
}

/** Each message at its time, over whatever connection is free; when none is, it is late, and that is told. */
async function paced(open: readonly Connection[], rate: number): Promise<void> {
  const start = now()
  let next = 0
  const work = async (connection: Connection) => {
    while (next < requests.length) {
      const message = next++
      const due = start + (message / rate) * 1_000
      const early = due - now()
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
      latestMs = Math.max(latestMs, now() - due)
      await send(connection, message)
    }
  }
  await Promise.all(open.map(work))
}

async function send(connection: Connection, message: number): Promise<void> {
  const status = await connection.request(requests[message] ?? Buffer.alloc(0))
  if (status !== 204) throw new Error(`message ${message}: expected 204, got ${status}`)
  acceptedAt[message] = now()
}

function say(said: LoadSaid): Promise<void> {
  return new Promise((resolve) => process.send?.(said, () => resolve()))
}

try {
  const open = await Promise.all(Array.from({ length: connections }, () => openConnection(url)))
  await say({ ready: true })
  await once(process, 'message')
  const start = performance.now()
  await (perSecond === undefined ? flatOut(open) : paced(open, perSecond))
  await say({ seconds: (performance.now() - start) / 1_000, acceptedAt: [...acceptedAt], latestMs })
} catch (error) {
  await say({ wrong: String(error) })
}
process.exit()
