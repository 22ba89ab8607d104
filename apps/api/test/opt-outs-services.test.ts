import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, expectProblem } from './calls.ts'
import { type StartedApi, serviceSid, startApi, writeRoutes } from './started-api.ts'
import { inbound, messages, postForm } from './twilio-requests.ts'

/** The routes file names them; that they belong to a Messaging Service only the webhooks of their messages say. */
const NUMBERS = ['+15005550006', '+15005550009'] as const

let api: StartedApi
beforeAll(async () => {
  const route = (number: string) => `
  - sender: "${number}"
    inbound_agents: [{ agent_id: chat_agent_sms }]`
  api = await startApi({ env: { CHATLANE_CONFIG: writeRoutes(`sms:${NUMBERS.map(route).join('')}`) } })
})
afterAll(() => api.stop())

let people = 0
const newPerson = () => `+1415555${String(++people).padStart(4, '0')}`

const send = (from: string, to: string, text: string) => call(api.url, '/v1/sms', { body: { to, from, text } })

async function say(from: string, to: string, body: string): Promise<void> {
  const fields = inbound({ From: from, To: to, MessagingServiceSid: serviceSid, Body: body })
  expect((await postForm(api.url, messages, fields)).status).toBe(204)
}

/** Whether the one conversation with the person says so. */
async function isOptedOut(participant: string): Promise<boolean> {
  const [conversation, ...others] = (await api.conversations.list({ participant, limit: 9 })).conversations
  expect(others).toEqual([])
  return conversation !== undefined && api.conversations.isOptedOut(conversation)
}

test('who answers a text of ours with STOP gets no more, though nobody knew of the service before', async () => {
  const [ours] = NUMBERS
  const to = newPerson()
  expect((await send(ours, to, 'We open on Monday')).status).toBe(202)
  await say(to, ours, 'STOP')
  expect(await isOptedOut(to)).toBe(true)
  expectProblem(await send(ours, to, 'We open on Tuesday'), 409, 'opted_out')
  await say(to, ours, 'START')
  expect(await isOptedOut(to)).toBe(false)
  expect((await send(ours, to, 'We open on Wednesday')).status).toBe(202)
})

test('who is opted out of a service is not written to by a number of which that was not known before', async () => {
  const [, ours] = NUMBERS
  const to = newPerson()
  expect((await send(ours, to, 'We open on Monday')).status).toBe(202)
  await api.conversations.optOuts.add({ sender: serviceSid, participant: to }, 'operator')
  // Another person's message says to which service it belongs.
  await say(newPerson(), ours, 'Hello')
  expectProblem(await send(ours, to, 'We open on Tuesday'), 409, 'opted_out')
})
