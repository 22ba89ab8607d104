/** The baseline's api, as one writes it who needs no order: the signature is checked, the message becomes a BullMQ job. */
import { Queue } from 'bullmq'
import express from 'express'
import { Redis } from 'ioredis'
import twilio from 'twilio'
import { z } from 'zod'
import { baselineSettings, type Message, queueName } from './settings.ts'

const settings = baselineSettings.parse(process.env)
const inbound = z.object({ From: z.string(), To: z.string(), Body: z.string() })
const queue = new Queue<Message>(queueName, { connection: new Redis(settings.REDIS_URL) })
const app = express()

app.post('/webhooks/twilio/messages', express.urlencoded({ extended: false }), async (request, response) => {
  const signature = request.get('x-twilio-signature') ?? ''
  const url = `${settings.PUBLIC_URL}${request.originalUrl}`
  if (!twilio.validateRequest(settings.TWILIO_AUTH_TOKEN, signature, url, request.body)) {
    response.status(403).end()
    return
  }
  const { From, To, Body } = inbound.parse(request.body)
  await queue.add('message', { from: From, to: To, text: Body }, { removeOnComplete: true })
  response.status(204).end()
})

process.once('SIGTERM', () => process.exit())
app.listen(settings.API_PORT, '127.0.0.1', () => process.send?.('ready'))
