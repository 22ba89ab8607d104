import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { useSandbox } from './started-sandbox.ts'

const at = useSandbox()
const workspaceId = 1
const chatSchema = z.looseObject({ chatId: z.string(), status: z.string(), messages: z.array(z.looseObject({})) })

async function create(body: Record<string, unknown> = {}) {
  const answer = await at.call('POST', '/uponai/api/chats', { workspaceId, agent_id: 'chat_agent_a', ...body })
  expect(answer.status).toBe(201)
  return chatSchema.parse(answer.body)
}

describe('the rest dialect', () => {
  test('a chat from its creation to its end', async () => {
    const chat = await create({ metadata: { ticket: 'T-1' }, uponai_dynamic_variables: { name: 'Ada' } })
    expect(chat).toMatchObject({
      agentId: 'chat_agent_a',
      status: 'ongoing',
      type: 'web_chat',
      endedAt: null,
      messages: [],
      metadata: { ticket: 'T-1' },
      uponai_dynamic_variables: { name: 'Ada' },
    })
    const path = `/uponai/api/chats/${chat.chatId}`
    const completion = await at.call('POST', `${path}/completions`, { workspaceId, content: 'hello' })
    expect(completion.status).toBe(201)
    expect(completion.body).toMatchObject({ messages: [{ role: 'agent', content: 'echo: hello' }] })

    const updated = await at.call('PATCH', path, { workspaceId, custom_attributes: { vip: true } })
    expect(updated).toMatchObject({
      status: 200,
      body: { customAttributes: { vip: true }, metadata: { ticket: 'T-1' } },
    })

    expect(await at.call('POST', `${path}/end`, { workspaceId })).toMatchObject({ status: 204, body: undefined })
    const read = await at.call('GET', `${path}?workspaceId=1`)
    expect(read).toMatchObject({
      status: 200,
      body: {
        status: 'ended',
        endedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        transcript: 'User: hello\nAgent: echo: hello\n',
        messages: [
          { role: 'user', content: 'hello' },
          { role: 'agent', content: 'echo: hello' },
        ],
      },
    })
  })

  test.each([
    ['no key', 'GET', '/api/chats?workspaceId=1', undefined, '', 401],
    ['a wrong key', 'GET', '/api/chats?workspaceId=1', undefined, 'wrong', 401],
    ['no workspaceId on create', 'POST', '/api/chats', { agent_id: 'chat_agent_a' }, 'sandbox-key', 400],
    ['a workspaceId of the wrong type', 'POST', '/api/chats', { workspaceId: '1', agent_id: 'x' }, 'sandbox-key', 400],
    ['no workspaceId on list', 'GET', '/api/chats', undefined, 'sandbox-key', 400],
    ['another workspace', 'GET', '/api/chats?workspaceId=7', undefined, 'sandbox-key', 403],
    ['a limit out of range', 'GET', '/api/chats?workspaceId=1&limit=1001', undefined, 'sandbox-key', 400],
    ['a made-up pagination key', 'GET', '/api/chats?workspaceId=1&paginationKey=x', undefined, 'sandbox-key', 400],
    ['an unknown chat', 'GET', '/api/chats/chat_none?workspaceId=1', undefined, 'sandbox-key', 404],
    ['an unknown agent', 'POST', '/api/chats', { workspaceId, agent_id: 'chat_agent_missing' }, 'sandbox-key', 404],
    ['an unknown path', 'GET', '/api/nothing', undefined, 'sandbox-key', 404],
  ] as const)('%s is refused', async (_case, method, path, body, key, status) => {
    const answer = await at.call(method, `/uponai${path}`, body, key)
    expect(answer.status).toBe(status)
    expect(z.object({ message: z.string().min(1) }).parse(answer.body)).toBeDefined()
    const [entry] = await at.control.history()
    expect(entry).toMatchObject({ kind: 'uponai', status, effect: false })
  })

  test('a completion or an end on an ended chat is refused, unless ending twice is allowed', async () => {
    const { chatId } = await create()
    const path = `/uponai/api/chats/${chatId}`
    await at.call('POST', `${path}/end`, { workspaceId })
    expect(await at.call('POST', `${path}/completions`, { workspaceId, content: 'late' })).toMatchObject({
      status: 400,
    })
    expect(await at.call('POST', `${path}/end`, { workspaceId })).toMatchObject({ status: 400 })
    await at.control.settings({ end_when_ended: 'ok' })
    expect(await at.call('POST', `${path}/end`, { workspaceId })).toMatchObject({ status: 204 })
    expect(await at.textsOf(chatId)).toEqual([])
  })

  test.each(['ascending', 'descending'])('%s pages show every chat once', async (sortOrder) => {
    const made: string[] = []
    for (let i = 0; i < 7; i += 1) made.push((await create()).chatId)
    const seen: string[] = []
    let key: string | null = ''
    while (key !== null) {
      const query = `workspaceId=1&limit=3&sortOrder=${sortOrder}${key === '' ? '' : `&paginationKey=${key}`}`
      const { body } = await at.call('GET', `/uponai/api/chats?${query}`)
      const page = z.object({ data: z.array(chatSchema), pagination_key: z.string().nullable() }).parse(body)
      seen.push(...page.data.map(({ chatId }) => chatId))
      key = page.pagination_key
    }
    expect(seen).toEqual(sortOrder === 'ascending' ? made : made.toReversed())
  })

  test('messages can come without role, id and time', async () => {
    await at.control.settings({ message_roles: false, message_ids: false, message_timestamps: false })
    const { chatId } = await create()
    const path = `/uponai/api/chats/${chatId}`
    const completion = await at.call('POST', `${path}/completions`, { workspaceId, content: 'a' })
    expect(completion.body).toEqual({ messages: [{ content: 'echo: a' }] })
    const { body } = await at.call('GET', `${path}?workspaceId=1`)
    expect(chatSchema.parse(body).messages).toEqual([{ content: 'a' }, { content: 'echo: a' }])
  })

  test('agents can be listed and read', async () => {
    const list = await at.call('GET', '/uponai/api/chat-agents?workspaceId=1')
    expect(list).toMatchObject({
      status: 200,
      body: { data: [{ agent_id: 'chat_agent_a' }, {}, {}], pagination_key: null },
    })
    expect(await at.call('GET', '/uponai/api/chat-agents/agent_x?workspaceId=1')).toMatchObject({ status: 200 })
    expect(await at.call('GET', '/uponai/api/chat-agents/chat_agent_missing?workspaceId=1')).toMatchObject({
      status: 404,
    })
  })
})
