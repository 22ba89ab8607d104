import { expect, test } from 'vitest'
import { analysisOf, analysisView } from '../src/conversations/analysis.ts'
import { chatView, fullChatView } from '../src/uponai/chat-view.ts'
import { readChat } from '../src/uponai/read-answer.ts'

function view(raw: Record<string, unknown>) {
  const chat = readChat({ chat_id: 'chat_1', ...raw })
  if (!chat) throw new Error('expected a chat')
  return fullChatView(chat)
}

test.each([
  [{ status: 'Ended' }, 'ended', true],
  [{ chat_status: 'ongoing' }, 'ongoing', false],
  [{ status: 'ERROR' }, 'error', true],
  [{ endedAt: '2026-05-02T08:15:00Z' }, 'ended', true],
  [{}, 'unknown', false],
  [{ status: 'Archived' }, 'Archived', false],
  [{ status: 'Archived', end_timestamp: 1_760_000_000_000 }, 'Archived', true],
])('%j is %s', (raw, status, over) => {
  expect(view(raw)).toMatchObject({ status, over })
})

test.each([
  [{ metadata: { conversation_id: 'c0_AAAAAAAAAAAAAAAAAAAAAA' } }, 'c0_AAAAAAAAAAAAAAAAAAAAAA'],
  [{ metadata: { conversation_id: 'of somebody else' } }, null],
  [{ metadata: { conversation_id: 7 } }, null],
  [{}, null],
])('%j: the conversation is %s', (raw, conversation) => {
  expect(view(raw).conversation_id).toBe(conversation)
})

test('costs are cents, in either naming style; what cannot be read is null', () => {
  const parts = [{ product: 'gpt', cost: 1.5, unit_price: 0.5 }]
  const read = { cents: 2.5, products: [{ product: 'gpt', cents: 1.5 }] }
  expect(view({ chat_cost: { combined_cost: 2.5, product_costs: parts } }).cost).toEqual(read)
  expect(view({ chatCost: { combinedCost: 2.5, productCosts: parts } }).cost).toEqual(read)
  expect(view({ chatCost: { total: 'free' } }).cost).toEqual({ cents: null, products: [] })
  expect(view({}).cost).toBeNull()
})

test('no history is not an empty one', () => {
  expect(view({}).messages).toBeNull()
  expect(view({ messages: [] }).messages).toEqual([])
  expect(view({ messages: [{ content: 'hi' }, 'ho'] }).messages).toMatchObject([{ text: 'hi' }, { text: 'ho' }])
})

test('a list shows no messages in either dialect', () => {
  const chat = readChat({ chatId: 'chat_1', messages: [{ content: 'hi' }], transcript: 'User: hi' })
  expect(chat && Object.keys(chatView(chat))).not.toEqual(expect.arrayContaining(['messages']))
  expect(JSON.stringify(chat && chatView(chat))).not.toContain('hi')
})

test('files, the outcome of tools and changes of node or state are shown', () => {
  const files = [{ url: 'https://files.example.com/a.jpg', summary: 'a cat' }]
  const node = { former_node_name: 'Hello', new_node_name: 'Order', transition_type: 'global' }
  const messages = [
    { role: 'user', content: 'look', multimedia: files },
    { role: 'tool_call_result', tool_call_id: 't1', content: '{}', successful: false },
    { role: 'node_transition', ...node },
    { role: 'state_transition', former_state_name: 'a', new_state_name: 'b' },
  ]
  expect(view({ message_with_tool_calls: messages }).messages).toMatchObject([
    { multimedia: files },
    { successful: false },
    { transition: { type: 'global', from: 'Hello', to: 'Order' } },
    { transition: { type: null, from: 'a', to: 'b' } },
  ])
})

test('an analysis keeps what the agent collected and what the chat cost', () => {
  const chat = readChat({
    chat_id: 'chat_1',
    chat_analysis: { chat_summary: 'Booked.' },
    collected_dynamic_variables: { day: 'Friday' },
    chat_cost: { combined_cost: 12.5 },
  })
  const analysis = chat && analysisOf(chat)
  expect(analysis && analysisView(analysis)).toMatchObject({
    collected_dynamic_variables: { day: 'Friday' },
    cost_cents: 12.5,
  })
})
