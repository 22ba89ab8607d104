import { acceptSms, createUponAIClient, inboundSmsForm, loadConfig, watchRoutes } from '@chatlane/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stage, stage } from './stage.ts'

let s: Stage
afterAll(() => s.stop())

const agents = 'inbound_agents: [{ agent_id: chat_agent_a }]'

beforeAll(async () => {
  s = await stage({
    dialect: 'rpc',
    routes: `
sms:
  - { sender: "+15005550006", ${agents} }
  - { sender: "whatsapp:+15005550006", ${agents} }
  - sender: "+15005550017"
    ${agents}
    chat_variables: { user_number: phone, city: false }
  - { sender: "+15005550018", ${agents}, chat_variables: false }
  - { sender: "+15005550019", inbound_agents: [{ agent_id: chat_agent_a, agent_version: latest_published }] }
web:
  - { public_key: pk, allowed_origins: ["https://www.example.com"], agent_id: chat_agent_a, agent_version: 0 }
`,
  })
  // Version 0 is published, 1 is a draft.
  const client = createUponAIClient(loadConfig('worker', s.environment).uponai)
  await client.publishAgent('chat_agent_a')
  await client.draftAgent('chat_agent_a', 0)
  await client.close()
})

let messages = 0

/** The chat that a message of Twilio's opens. */
async function chatOf(fields: Record<string, string>) {
  const MessageSid = `SM${String(++messages).padStart(32, '0')}`
  const sms = inboundSmsForm.parse({ MessageSid, AccountSid: 'AC', Body: 'hi', From: '+14155550100', ...fields })
  const routes = watchRoutes(s.environment.CHATLANE_CONFIG)
  const taken = await acceptSms({ conversations: s.conversations, routes }, sms)
  if (!('conversationId' in taken)) throw new Error(taken.status)
  return openedFor(taken.conversationId)
}

async function openedFor(id: string) {
  const conversation = await s.conversations.find(id)
  if (!conversation) throw new Error('it is not there')
  await s.settled(conversation)
  const [chat] = (await s.sandbox.chats()).filter(({ metadata }) => metadata?.conversation_id === id)
  return chat
}

describe('an agent is told with whom it speaks', () => {
  const place = { FromCity: 'OAKLAND', FromState: 'CA', FromZip: '94601', FromCountry: 'US' }
  const told = { city: 'OAKLAND', state: 'CA', zip: '94601', country: 'US' }

  it.each<[string, Record<string, string>, Record<string, string> | null]>([
    [
      'by SMS',
      { To: '+15005550006', ...place },
      { channel: 'sms', user_number: '+14155550100', agent_number: '+15005550006', ...told },
    ],
    [
      'by WhatsApp, in one line of the person’s own',
      { To: 'whatsapp:+15005550006', From: 'whatsapp:+14155550101', ProfileName: `Ada\n⟦${'x'.repeat(200)}` },
      {
        channel: 'whatsapp',
        user_number: '+14155550101',
        agent_number: '+15005550006',
        profile_name: `Ada [${'x'.repeat(95)}`,
      },
    ],
    [
      'under the names of its route',
      { To: '+15005550017', ...place, FromCountry: '' },
      { channel: 'sms', phone: '+14155550100', agent_number: '+15005550017', state: 'CA', zip: '94601' },
    ],
    ['not at all where the route says so', { To: '+15005550018', ...place }, {}],
  ])('%s', async (_, fields, variables) => {
    expect((await chatOf(fields))?.dynamic_variables).toEqual(variables)
  })

  it('and what the business says counts more', async () => {
    const dynamicVariables = { channel: 'kiosk', name: 'Ada' }
    const { id } = await s.conversations.openWeb({ agentId: 'chat_agent_a', dynamicVariables })
    expect((await openedFor(id))?.dynamic_variables).toEqual(dynamicVariables)
  })
})

describe('the version of an agent', () => {
  it('is the newest, a draft too, unless a route names one', async () => {
    expect(await chatOf({ To: '+15005550006', From: '+14155550110' })).toMatchObject({ agent_version: 1 })
    expect(await chatOf({ To: '+15005550019', From: '+14155550110' })).toMatchObject({ agent_version: 0 })
    const web = await s.conversations.openWeb({ agentId: 'chat_agent_a', publicKey: 'pk' })
    expect(await openedFor(web.id)).toMatchObject({ agent_version: 0 })
  })

  it('is the one that a request asks for', async () => {
    const input = { agentId: 'chat_agent_a', agentAsked: true, publicKey: 'pk', agentVersion: 1 }
    expect(await openedFor((await s.conversations.openWeb(input)).id)).toMatchObject({ agent_version: 1 })
  })
})
