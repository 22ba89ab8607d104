import { describe, expect, test } from 'vitest'
import { useSandbox } from './started-sandbox.ts'

const at = useSandbox()

describe('the script', () => {
  test('several messages with tools in between, in both dialects', async () => {
    const tools = [
      { role: 'tool_call_invocation', name: 'lookup', tool_call_id: 't1', arguments: '{"q":1}' },
      { role: 'tool_call_result', tool_call_id: 't1', content: 'found' },
    ]
    await at.control.setScript({ rules: [{ text: 'go', answer: ['one: {text}', ...tools, 'two'] }] })
    const id = await at.createChat()
    expect(await at.complete(id, 'go')).toMatchObject({
      body: { messages: [{ role: 'agent', content: 'one: go' }, ...tools, { role: 'agent', content: 'two' }] },
    })
    const path = `/uponai/api/chats/${id}/completions`
    expect(await at.call('POST', path, { workspaceId: 1, content: 'go' })).toMatchObject({
      body: {
        messages: [
          { content: 'one: go' },
          { content: '', name: 'lookup', tool_calls: [{ id: 't1', name: 'lookup', arguments: '{"q":1}' }] },
          { content: 'found', tool_calls: [{ id: 't1' }] },
          { content: 'two' },
        ],
      },
    })
  })

  test('an empty answer, for as many times as it says, then the echo', async () => {
    await at.control.setScript({ rules: [{ text_contains: 'hush', times: 1, answer: [] }] })
    const id = await at.createChat()
    expect(await at.complete(id, 'hush now')).toMatchObject({ status: 201, body: { messages: [] } })
    expect(await at.complete(id, 'hush now')).toMatchObject({ body: { messages: [{ content: 'echo: hush now' }] } })
  })

  test("a greeting for one agent's chats", async () => {
    await at.control.setScript({ rules: [{ agent: 'chat_agent_b', greeting: ['Good morning!'] }] })
    const greeted = await at.call('POST', '/uponai/create-chat', { agent_id: 'chat_agent_b' })
    expect(greeted.body).toMatchObject({ message_with_tool_calls: [{ role: 'agent', content: 'Good morning!' }] })
    const other = await at.call('POST', '/uponai/create-chat', { agent_id: 'chat_agent_a' })
    expect(other.body).toMatchObject({ message_with_tool_calls: [] })
  })

  test('the agent ends the chat after its answer', async () => {
    await at.control.setScript({ rules: [{ text: 'bye', end_chat: true }] })
    const id = await at.createChat()
    expect(await at.complete(id, 'bye')).toMatchObject({ status: 201, body: { messages: [{ content: 'echo: bye' }] } })
    expect(await at.trueChat(id)).toMatchObject({ status: 'ended', ended_by: 'agent' })
    expect(await at.complete(id, 'hello?')).toMatchObject({ status: 422 })
  })

  test('what is returned and what is stored can differ', async () => {
    const answer = [
      { role: 'agent', content: 'only said', stored: false },
      { role: 'agent', content: 'only kept', returned: false },
    ]
    await at.control.setScript({ rules: [{ answer }] })
    const id = await at.createChat()
    expect(await at.complete(id, 'x')).toMatchObject({ body: { messages: [{ content: 'only said' }] } })
    expect(await at.textsOf(id)).toEqual(['user: x', 'agent: only kept'])
  })

  test('a script with a mistake is refused by name and the old one stays', async () => {
    await at.control.setScript({ rules: [{ answer: ['old'] }] })
    const refused = await at.call('POST', '/_sandbox/script', { rules: [{ anwser: ['typo'] }] })
    expect(refused).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'rules.0', message: expect.stringContaining('anwser') }] },
    })
    const id = await at.createChat()
    expect(await at.complete(id, 'x')).toMatchObject({ body: { messages: [{ content: 'old' }] } })
  })
})
