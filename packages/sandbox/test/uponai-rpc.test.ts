import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { useSandbox } from './started-sandbox.ts'

const at = useSandbox()
const pageSchema = z.object({
  items: z.array(z.looseObject({ chat_id: z.string() })),
  has_more: z.boolean(),
  pagination_key: z.string().optional(),
  total: z.int().optional(),
})

async function list(body: Record<string, unknown>) {
  const answer = await at.call('POST', '/uponai/v3/list-chats', body)
  expect(answer.status).toBe(200)
  return pageSchema.parse(answer.body)
}

describe('the rpc dialect', () => {
  test('a chat from its creation to its end', async () => {
    const created = await at.call('POST', '/uponai/create-chat', {
      agent_id: 'agent_1',
      metadata: { ticket: 'T-1' },
      retell_llm_dynamic_variables: { name: 'Ada' },
    })
    expect(created).toMatchObject({
      status: 201,
      body: {
        agent_id: 'agent_1',
        chat_status: 'ongoing',
        chat_type: 'api_chat',
        metadata: { ticket: 'T-1' },
        retell_llm_dynamic_variables: { name: 'Ada' },
        message_with_tool_calls: [],
      },
    })
    const { chat_id: id } = z.object({ chat_id: z.string() }).parse(created.body)
    expect(await at.complete(id, 'hello')).toMatchObject({
      status: 201,
      body: { messages: [{ role: 'agent', content: 'echo: hello', message_id: expect.any(String) }] },
    })
    const updated = await at.call('PATCH', `/uponai/update-chat/${id}`, { metadata: { ticket: 'T-2' } })
    expect(updated).toMatchObject({ status: 200, body: { metadata: { ticket: 'T-2' } } })
    expect(await at.call('PATCH', `/uponai/end-chat/${id}`)).toMatchObject({ status: 204, body: undefined })
    expect(await at.call('GET', `/uponai/get-chat/${id}`)).toMatchObject({
      status: 200,
      body: {
        chat_status: 'ended',
        end_timestamp: expect.any(Number),
        transcript: 'User: hello\nAgent: echo: hello\n',
        message_with_tool_calls: [{ role: 'user' }, { role: 'agent' }],
      },
    })
  })

  test.each([
    ['a wrong key', 'POST', '/v3/list-chats', {}, 'wrong', 401],
    ['an unknown chat', 'GET', '/get-chat/chat_none', undefined, 'sandbox-key', 422],
    ['ending an unknown chat', 'PATCH', '/end-chat/chat_none', undefined, 'sandbox-key', 422],
    ['an unknown agent', 'POST', '/create-chat', { agent_id: 'chat_agent_missing' }, 'sandbox-key', 422],
    ['no content', 'POST', '/create-chat-completion', { chat_id: 'chat_none' }, 'sandbox-key', 400],
    ['empty content', 'POST', '/create-chat-completion', { chat_id: 'c', content: '' }, 'sandbox-key', 400],
    [
      'a variable that is no string',
      'POST',
      '/create-chat',
      { agent_id: 'agent_1', retell_llm_dynamic_variables: { n: 1 } },
      'sandbox-key',
      400,
    ],
    ['an unknown field in update', 'PATCH', '/update-chat/chat_none', { status: 'x' }, 'sandbox-key', 400],
    ['skip with a key', 'POST', '/v3/list-chats', { skip: 1, pagination_key: 'x' }, 'sandbox-key', 400],
    ['an unknown filter', 'POST', '/v3/list-chats', { filter_criteria: { colour: {} } }, 'sandbox-key', 400],
  ] as const)('%s is refused', async (_case, method, path, body, key, status) => {
    const answer = await at.call(method, `/uponai${path}`, body, key)
    expect(answer.status).toBe(status)
    expect(answer.body).toEqual({ status: 'error', message: expect.stringMatching(/./) })
  })

  test('a completion on an ended chat is refused and leaves no trace', async () => {
    const id = await at.createChat()
    expect(await at.control.endChat(id)).toBe(true)
    expect(await at.control.endChat(id)).toBe(false)
    expect(await at.complete(id, 'late')).toMatchObject({ status: 422, body: { status: 'error' } })
    expect(await at.trueChat(id)).toMatchObject({ messages: [], ended_by: 'sandbox', completions: 0 })
  })

  test('pages, totals, skips and filters', async () => {
    const made: string[] = []
    for (let i = 0; i < 5; i += 1) made.push(await at.createChat(i % 2 === 0 ? 'chat_agent_a' : 'chat_agent_b'))
    const first = await list({ limit: 2, include_total: true })
    expect(first).toMatchObject({ has_more: true, total: 5 })
    const second = await list({ limit: 2, pagination_key: first.pagination_key })
    const third = await list({ limit: 2, pagination_key: second.pagination_key })
    expect(third.has_more).toBe(false)
    expect(third.pagination_key).toBeUndefined()
    const seen = [first, second, third].flatMap(({ items }) => items.map(({ chat_id }) => chat_id))
    expect(seen).toEqual(made.toReversed())
    expect(first.items[0]).not.toHaveProperty('transcript')

    const idsOf = (page: z.infer<typeof pageSchema>) => page.items.map(({ chat_id }) => chat_id)
    expect(idsOf(await list({ skip: 4 }))).toEqual(made.slice(0, 1))
    const ofB = { agent: [{ agent_id: 'chat_agent_b' }] }
    expect(idsOf(await list({ sort_order: 'ascending', filter_criteria: ofB }))).toEqual([made[1], made[3]])
    await at.control.endChat(made[2] ?? '')
    const ended = { chat_status: { type: 'enum', op: 'in', value: ['ended'] } }
    expect(idsOf(await list({ filter_criteria: ended }))).toEqual([made[2]])
    const future = { start_timestamp: { type: 'number', op: 'gt', value: Date.now() + 60_000 } }
    expect(idsOf(await list({ filter_criteria: future }))).toEqual([])
  })

  test('a body that is not JSON is refused and the sandbox goes on', async () => {
    const response = await fetch(`${at.sandbox.uponaiUrl}/create-chat`, {
      method: 'POST',
      headers: { authorization: 'Bearer sandbox-key', 'content-type': 'application/json' },
      body: '{"agent_id":',
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ status: 'error' })
    expect(await at.createChat()).toMatch(/^chat_/)
  })
})
