import { afterAll, beforeAll, expect, test } from 'vitest'
import { accountSid, type StartedApi, startApi } from './started-api.ts'
import { newSid, postForm } from './twilio-requests.ts'

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const OURS = '+15005550006'

let api: StartedApi
beforeAll(async () => {
  api = await startApi({ env: { WEBHOOK_URL: 'http://127.0.0.1:9/', WEBHOOK_SECRET: secret } })
})
afterAll(() => api.stop())

/** A message to a person; gives what tells, by a status callback, that they refuse messages, and the webhooks about that. */
async function refusing(person: string) {
  const origin = { channel: 'sms', participant: person, sender: OURS, agentId: 'chat_agent_sms' } as const
  const accepted = await api.conversations.acceptFrom(origin, { text: 'See you at nine', key: newSid() })
  if (accepted.status !== 'accepted') throw new Error(accepted.status)
  const { conversationId: conversation, messageId: message } = accepted
  const query = new URLSearchParams({ conversation, message, part: '0', parts: '1' })
  const fields = { AccountSid: accountSid, MessageStatus: 'undelivered', ErrorCode: '21610', To: person, From: OURS }
  return {
    async refuse() {
      const answer = await postForm(api.url, `/webhooks/twilio/status?${query}`, { ...fields, MessageSid: newSid() })
      expect(answer.status).toBe(204)
    },
    async told() {
      const items = await api.webhooks.peek(conversation, 100)
      return items.flatMap(({ data }) => (data.includes('participant.opted_out') ? [data] : []))
    },
  }
}

test('a refusal is told as an opt-out, once', async () => {
  const { refuse, told } = await refusing('+14155550101')
  await refuse()
  await refuse()
  expect(await told()).toHaveLength(1)
})

test('a late refusal is told nobody when the person has opted in again since', async () => {
  const participant = '+14155550102'
  const { refuse, told } = await refusing(participant)
  const { optOuts } = api.conversations
  await optOuts.add({ sender: OURS, participant }, 'person')
  expect(await optOuts.remove({ sender: OURS, participant })).toBe(true)
  await refuse()
  expect(await optOuts.has({ sender: OURS, participant })).toBe(false)
  expect(await told()).toEqual([])
})
