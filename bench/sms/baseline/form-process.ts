/** The least that can be asked of a webhook's receiver: Express 5 parses the form and answers. */
import express from 'express'
import { z } from 'zod'

const { API_PORT } = z.object({ API_PORT: z.coerce.number() }).parse(process.env)
const app = express()

app.post('/webhooks/twilio/messages', express.urlencoded({ extended: false }), (_request, response) => {
  response.status(204).end()
})

process.once('SIGTERM', () => process.exit())
app.listen(API_PORT, '127.0.0.1', () => process.send?.('ready'))
