import Retell from 'retell-sdk'
import { describe, expect, test } from 'vitest'
import { sandboxCredentials } from '../src/index.ts'
import { useSandbox } from './started-sandbox.ts'

const at = useSandbox()
const client = () =>
  new Retell({ apiKey: sandboxCredentials.uponaiApiKey, baseURL: at.sandbox.uponaiUrl, maxRetries: 0 })
const create = (agent_id = 'agent_1', more: Partial<Retell.ChatCreateParams> = {}) =>
  client().chat.create({ agent_id, ...more })

/** Ids of the chats that fit, oldest first. */
async function found(filter_criteria: Retell.ChatListParams['filter_criteria'] = {}): Promise<string[]> {
  const { items = [] } = await client().chat.list({ filter_criteria, sort_order: 'ascending' })
  return items.map(({ chat_id }) => chat_id)
}

describe('the rpc dialect through the library that Retell publishes', () => {
  test('a chat from its creation to its deletion', async () => {
    const { chat_id } = await create()
    const { messages } = await client().chat.createChatCompletion({ chat_id, content: 'hello' })
    expect(messages).toMatchObject([{ role: 'agent', content: 'echo: hello' }])
    await client().chat.update(chat_id, { metadata: { ticket: 'T-1' } })
    await client().chat.end(chat_id)
    expect(await client().chat.retrieve(chat_id)).toMatchObject({ chat_status: 'ended', metadata: { ticket: 'T-1' } })
    await client().chat.delete(chat_id)
    await expect(client().chat.retrieve(chat_id)).rejects.toMatchObject({ status: 422 })
    expect(await found()).toEqual([])
  })

  test('the analysis of a chat that is over can be made once more', async () => {
    const { chat_id } = await create()
    await expect(client().chat.rerunAnalysis(chat_id)).rejects.toMatchObject({ status: 400 })
    await client().chat.end(chat_id)
    expect(await client().chat.rerunAnalysis(chat_id)).toMatchObject({ chat_id })
    await expect.poll(async () => (await client().chat.retrieve(chat_id)).chat_analysis?.chat_successful).toBe(true)
  })

  test('a chat by SMS begins with the agent', async () => {
    await at.control.setScript({ rules: [{ agent: 'agent_of_sms', greeting: ['Hi, it is us.'] }] })
    const numbers = { from_number: '+15005550006', to_number: '+14155550100' }
    const chat = await client().chat.createSMSChat({ ...numbers, override_agent_id: 'agent_of_sms' })
    expect(chat).toMatchObject({
      chat_type: 'sms_chat',
      agent_id: 'agent_of_sms',
      message_with_tool_calls: [{ role: 'agent', content: 'Hi, it is us.' }],
    })
    const bad = client().chat.createSMSChat({ ...numbers, to_number: '12' })
    await expect(bad).rejects.toMatchObject({ status: 400 })
  })

  test('every documented criterion of the list is applied', async () => {
    const one = await create('agent_1')
    const two = await create('agent_2')
    await client().chat.update(two.chat_id, { custom_attributes: { tier: 'gold', seats: 7 } })
    await client().chat.createChatCompletion({ chat_id: two.chat_id, content: 'hello' })
    await client().chat.end(two.chat_id)
    await expect
      .poll(() => found({ chat_successful: { type: 'boolean', op: 'eq', value: true } }))
      .toEqual([two.chat_id])
    const [first, second] = [[one.chat_id], [two.chat_id]]
    const start = two.start_timestamp ?? 0
    expect(await found({ agent: [{ agent_id: 'agent_2', version: [] }] })).toEqual(second)
    expect(await found({ agent: [{ agent_id: 'agent_2', version: [99] }] })).toEqual([])
    expect(await found({ chat_id: { type: 'enum', op: 'in', value: [one.chat_id] } })).toEqual(first)
    expect(await found({ chat_status: { type: 'enum', op: 'in', value: ['ongoing'] } })).toEqual(first)
    expect(await found({ start_timestamp: { type: 'range', op: 'bt', value: [0, start] } })).toHaveLength(2)
    expect(await found({ end_timestamp: { type: 'number', op: 'ge', value: 0 } })).toEqual(second)
    expect(await found({ duration_ms: { type: 'number', op: 'lt', value: 3_600_000 } })).toEqual(second)
    expect(await found({ combined_cost: { type: 'number', op: 'gt', value: 0 } })).toEqual(second)
    expect(await found({ user_sentiment: { type: 'enum', op: 'in', value: ['Unknown'] } })).toEqual(second)
    expect(await found({ agent_tag: { type: 'enum', op: 'in', value: ['prod'] } })).toEqual([])
    expect(await found({ custom_attributes: [{ type: 'string', op: 'sw', value: 'go', key: 'tier' }] })).toEqual(second)
    expect(await found({ custom_attributes: [{ type: 'present', op: 'np', key: 'seats' }] })).toEqual(first)
    expect(await found({ custom_analysis_data: [{ type: 'present', op: 'pr', key: 'none' }] })).toEqual([])
  })
})
