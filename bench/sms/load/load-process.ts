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

/**
 * Sends the messages of one connection's participants, one after the other: two messages of one person that are on their way
 * at once have no order. With a rate each leaves at its time, or late when the one before is not answered, and that is told.
 */
async function sendOwn(connection: Connection, own: number, start: number): Promise<void> {
  for (let message = 0; message < phase.messages; message++) {
    if ((message % phase.participants) % connections !== own) continue
    if (perSecond !== undefined) {
      const due = start + (message / perSecond) * 1_000
      const early = due - now()
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
      latestMs = Math.max(latestMs, now() - due)
    }
    await send(connection, message)
  }
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
  const start = now()
  await Promise.all(open.map((connection, own) => sendOwn(connection, own, start)))
  await say({ seconds: (now() - start) / 1_000, acceptedAt: [...acceptedAt], latestMs })
} catch (error) {
  await say({ wrong: String(error) })
}
process.exit()
