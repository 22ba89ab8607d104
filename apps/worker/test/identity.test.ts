import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApiBeside, apiBeside } from './api-beside.ts'
import { createsOf } from './creates.ts'
import { type Stage, stage } from './stage.ts'

const SERVICE = `MG${'5'.repeat(32)}`
const WHATSAPP = 'whatsapp:+15005550006'

let s: Stage
let api: ApiBeside
beforeAll(async () => {
  s = await stage({
    routes: `
sms:
  - messaging_service_sid: ${SERVICE}
    inbound_agents: [{ agent_id: chat_agent_a }]
  - sender: "${WHATSAPP}"
    inbound_agents: [{ agent_id: chat_agent_a }]
`,
  })
  api = await apiBeside(s)
})
afterAll(async () => {
  await api.stop()
  await s.stop()
})

/** Brings a message and waits for the sends that follow. */
async function say(from: string, to: string, body: string, sends: number) {
  const service = from.startsWith('whatsapp:') ? {} : { messaging_service_sid: SERVICE }
  expect(await s.sandbox.sendSms({ from, to, body, ...service })).toMatchObject({ status: 204 })
  await expect.poll(async () => (await sentTo(from)).length, { timeout: 90_000 }).toBe(sends)
}

/** What was sent to a person, at whichever address. */
async function sentTo(address: string) {
  const number = address.slice(-7)
  const creates = await createsOf(s)
  return creates.filter(({ to }) => to?.endsWith(number)).map(({ to, from, body }) => ({ to, from, body }))
}

async function conversationsOf(participant: string) {
  return (await s.conversations.list({ participant, limit: 10 })).conversations
}

test('an answer goes by RCS or by SMS, as the person wrote, from one chat', async () => {
  await say('rcs:+14155550101', 'rcs:brand_a', 'I want to book for Friday', 1)
  await say('+14155550101', '+15005550020', 'for four', 2)
  await say('rcs:+14155550101', 'rcs:brand_a', 'at eight', 3)
  expect(await sentTo('+14155550101')).toEqual([
    { to: 'rcs:+14155550101', from: 'rcs:brand_a', body: 'echo: I want to book for Friday' },
    { to: '+14155550101', from: '+15005550020', body: 'echo: for four' },
    { to: 'rcs:+14155550101', from: 'rcs:brand_a', body: 'echo: at eight' },
  ])
  expect(await conversationsOf('+14155550101')).toHaveLength(1)
})

test('an answer goes to the spelling of the number that the person wrote from', async () => {
  const [given, named] = ['whatsapp:+525512345678', 'whatsapp:+5215512345678']
  // It is on record only: WhatsApp takes a free text within 24 hours after a message of the person's.
  const first = await s.conversations.sendOut({ channel: 'whatsapp', to: given, text: 'Your order is ready.' })
  await say(named, WHATSAPP, 'When can I come?', 1)
  await s.conversations.sendOut({ channel: 'whatsapp', to: given, text: 'At nine.' })
  await expect.poll(async () => (await sentTo(given)).length, { timeout: 90_000 }).toBe(2)
  expect((await sentTo(given)).map(({ to, body }) => [to, body])).toEqual([
    [named, 'echo: When can I come?'],
    [named, 'At nine.'],
  ])
  expect(await conversationsOf(named)).toMatchObject([{ id: 'conversationId' in first ? first.conversationId : '' }])
})
