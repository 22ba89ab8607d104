/** The baseline's worker: a message's completion, then its answer through Twilio's library, then a line in the log. */
import { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import twilio from 'twilio'
import { z } from 'zod'
import { baselineSettings, type Message, queueName } from './settings.ts'

const settings = baselineSettings.parse(process.env)
const log = pino()
const completion = z.object({ messages: z.array(z.object({ content: z.string() })) })
const client = twilio(settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN)
client.api.baseUrl = settings.PROVIDERS_URL

async function complete({ from, text }: Message): Promise<string> {
  // Which chat is whose is known for nothing here: a service would have to keep it, and to open the chats.
  const answer = await fetch(`${settings.PROVIDERS_URL}/api/chats/chat_${from.slice(1)}/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer bench', 'content-type': 'application/json' },
    body: JSON.stringify({ workspaceId: 1, content: text }),
  })
  if (!answer.ok) throw new Error(`expected a completion, got ${answer.status}`)
  const { messages } = completion.parse(await answer.json())
  return messages.map(({ content }) => content).join('\n')
}

const worker = new Worker<Message>(
  queueName,
  async ({ id, data }) => {
    const began = performance.now()
    const body = await complete(data)
    const { sid } = await client.messages.create({ from: data.to, to: data.from, body })
    log.info({ job: id, sid, ms: Math.round(performance.now() - began) }, 'answered')
  },
  { connection: new Redis(settings.REDIS_URL, { maxRetriesPerRequest: null }), concurrency: 200 },
)

process.once('SIGTERM', () => process.exit())
await worker.waitUntilReady()
process.send?.('ready')
