import { createUponAIClient, loadConfig, updateLiveChat } from '@chatlane/core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type ApiBeside, apiBeside } from './api-beside.ts'
import { type Stage, stage } from './stage.ts'

const KEY = 'key-of-the-test'
const patience = { timeout: 90_000 }

/** The chat as UponAI shows it. */
async function chatOf(s: Stage, chatId: string) {
  const client = createUponAIClient(loadConfig('worker', { ...s.environment }).uponai)
  try {
    return await client.getChat(chatId)
  } finally {
    await client.close()
  }
}

describe.each(['rest', 'rpc'] as const)('PATCH /v1/conversations/{id}, %s', (dialect) => {
  let s: Stage
  let api: ApiBeside
  beforeAll(async () => {
    s = await stage({ dialect })
    api = await apiBeside(s, { API_KEYS: KEY })
  })
  afterEach(() => s.sandbox.clearFaults())
  afterAll(async () => {
    await api.stop()
    await s.stop()
  })

  async function patch(id: string, body: unknown, authorization = `Bearer ${KEY}`) {
    const response = await fetch(`${api.url}/v1/conversations/${id}`, {
      method: 'PATCH',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const answer: unknown = await response.json()
    return { status: response.status, retryAfter: response.headers.get('retry-after'), body: answer }
  }
  async function talking() {
    const conversation = await s.conversations.openWeb({
      agentId: 'chat_agent_a',
      publicKey: 'pk_quiet',
      metadata: { ticket: 1, tags: [] },
      dynamicVariables: { name: 'Ada', coupon: 'X' },
      browserVariables: ['name', 'coupon'],
    })
    await s.say(conversation, 'hello')
    await s.settled(conversation)
    const chatId = (await s.conversations.find(conversation.id))?.chatId ?? ''
    return { conversation, id: conversation.id, chatId }
  }

  it('changes the open chat and those to come, name by name', async () => {
    const { conversation, id, chatId } = await talking()
    expect(
      await patch(id, {
        metadata: { order: 17, ticket: null },
        dynamic_variables: { name: 'Eve', city_of_order: 'Rome' },
      }),
    ).toMatchObject({
      status: 200,
      body: {
        conversation_id: id,
        updated_chat_id: chatId,
        metadata: { order: 17, tags: [] },
        dynamic_variables: { name: 'Eve', coupon: 'X', city_of_order: 'Rome' },
      },
    })
    expect((await patch(id, { dynamic_variables: { coupon: null } })).status).toBe(200)
    expect(await chatOf(s, chatId)).toMatchObject({
      metadata: { order: 17, tags: [], conversation_id: id },
      overrideDynamicVariables: { name: 'Eve', city_of_order: 'Rome' },
    })
    // What the business set is not shown to the visitor, whoever set it before.
    expect((await s.conversations.find(id))?.browserVariables).toEqual([])

    await s.conversations.requestEnd(conversation)
    await s.settled(conversation)
    expect(await patch(id, { metadata: { order: 18 } })).toMatchObject({ status: 200, body: { updated_chat_id: null } })
    await s.say(conversation, 'again')
    await s.settled(conversation)
    const next = (await s.conversations.find(id))?.chatId ?? ''
    const chat = await chatOf(s, next)
    expect(chat.metadata).toMatchObject({ order: 18, tags: [], conversation_id: id })
    expect(chat.dynamicVariables).toMatchObject({ name: 'Eve', city_of_order: 'Rome' })
    expect(chat.dynamicVariables).not.toHaveProperty('coupon')
  })

  it('leaves the chat with all of what many set at once', async () => {
    const { id, chatId } = await talking()
    const names = Array.from({ length: 8 }, (_, n) => `name_${n}`)
    await Promise.all(
      names.map(async (name) => {
        // A 503 says that the others left it no room, and that it is to be sent again.
        const send = async () => (await patch(id, { dynamic_variables: { [name]: name } })).status
        await expect.poll(send, patience).toBe(200)
      }),
    )
    const { overrideDynamicVariables: told } = await chatOf(s, chatId)
    expect(told).toMatchObject(Object.fromEntries(names.map((name) => [name, name])))
  })

  it.each([
    [{}, ''],
    [{ metadata: [] }, 'metadata'],
    [{ dynamic_variables: { age: 41 } }, 'dynamic_variables.age'],
    [{ dynamic_variables: { user_number: '+14155550123' } }, 'dynamic_variables.user_number'],
    [{ dynamic_variables: { opening_message: null } }, 'dynamic_variables.opening_message'],
    [{ agent_id: 'chat_agent_b', metadata: {} }, 'agent_id'],
  ])('refuses %j', async (body, path) => {
    const { id } = await s.web('pk_quiet')
    expect(await patch(id, body)).toMatchObject({
      status: 400,
      body: { type: 'urn:chatlane:problem:invalid_request', errors: [{ path }] },
    })
  })

  it('keeps a bound, also over several requests, and changes nothing beyond it', async () => {
    const { id } = await s.web('pk_quiet')
    expect((await patch(id, { metadata: { a: 'a'.repeat(30_000) } })).status).toBe(200)
    const problem = { type: 'urn:chatlane:problem:too_large' }
    expect(await patch(id, { metadata: { b: 'b'.repeat(30_000) } })).toMatchObject({ status: 413, body: problem })
    expect(await patch(id, { dynamic_variables: { b: 'ß'.repeat(30_000) } })).toMatchObject({
      status: 413,
      body: problem,
    })
    expect(Object.keys((await s.conversations.find(id))?.metadata ?? {})).toEqual(['a'])
  })

  it('is for servers only, and for conversations that are there', async () => {
    const { id } = await s.web('pk_quiet')
    expect((await patch(id, { metadata: {} }, 'Bearer other')).status).toBe(401)
    expect((await patch('c0_AAAAAAAAAAAAAAAAAAAAAA', { metadata: {} })).status).toBe(404)
  })

  it.each([
    [500, 503, 'unavailable'],
    [400, 502, 'bad_gateway'],
    [422, 502, 'bad_gateway'],
    [401, 502, 'bad_gateway'],
  ])('says what is stored when UponAI answers %i, and can be repeated', async (status, answered, code) => {
    const { id, chatId } = await talking()
    await s.sandbox.setFaults({ rules: [{ target: 'uponai', operation: 'update', fault: { kind: 'status', status } }] })
    const refused = await patch(id, { metadata: { order: 17 } })
    expect(refused).toMatchObject({
      status: answered,
      body: {
        type: `urn:chatlane:problem:${code}`,
        detail: expect.stringMatching(/^stored for the next chat, but the open one may not have it: /),
      },
    })
    expect(refused.retryAfter !== null).toBe(answered === 503)
    expect((await s.conversations.find(id))?.metadata).toMatchObject({ order: 17 })
    await s.sandbox.clearFaults()
    await expect.poll(async () => (await patch(id, { metadata: { order: 17 } })).status, patience).toBe(200)
    expect((await chatOf(s, chatId)).metadata).toMatchObject({ order: 17 })
  })

  it('answers 200 for a chat that is being opened only once that chat has it', async () => {
    const fault = { kind: 'hang', when: 'after' } as const
    await s.sandbox.setFaults({ rules: [{ target: 'uponai', operation: 'create', fault, times: 1 }] })
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'hello')
    const opening = async () => (await s.conversations.find(conversation.id))?.attempt?.kind
    await expect.poll(opening, patience).toBe('create')
    const send = () => patch(conversation.id, { dynamic_variables: { name: 'Eve' } })
    let answer = await send()
    while (answer.status !== 200) {
      const body = { detail: expect.stringContaining('a chat is being opened') }
      expect(answer).toMatchObject({ status: 503, retryAfter: '1', body })
      answer = await send()
    }
    await s.settled(conversation)
    const chatId = (await s.conversations.find(conversation.id))?.chatId ?? ''
    expect(answer.body).toMatchObject({ updated_chat_id: chatId })
    expect(await chatOf(s, chatId)).toMatchObject({ overrideDynamicVariables: { name: 'Eve' } })
  })
})

it('a chat begins with what is stored then, and not with what its turn read at first', async () => {
  const s = await stage({})
  const client = createUponAIClient(loadConfig('worker', { ...s.environment }).uponai)
  try {
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'hello')
    await s.settled(conversation)
    const [first] = await s.sandbox.chats()
    await s.sandbox.endChat(first?.chat_id ?? '')
    // The turn looks at the chat that refuses the message, and then opens another one.
    const fault = { kind: 'latency', distribution: 'fixed', ms: 1_500 } as const
    await s.sandbox.setFaults({ rules: [{ target: 'uponai', operation: 'get', fault }] })
    await s.say(conversation, 'again')
    const asked = async () =>
      (await s.sandbox.history({ kind: 'uponai' })).some((one) => 'operation' in one && one.operation === 'get')
    await expect.poll(asked, patience).toBe(true)
    const patch = { dynamicVariables: { name: 'Eve' } }
    const update = async () => {
      const updated = await s.conversations.update(conversation, patch)
      if (updated.status !== 'updated') throw new Error(updated.status)
      return (await updateLiveChat({ uponai: client, conversations: s.conversations }, updated.conversation, patch))
        .status
    }
    await expect.poll(update, patience).toBe('updated')
    await s.settled(conversation, (all) => all.some(({ text }) => text === 'echo: again'))
    const chatId = (await s.conversations.find(conversation.id))?.chatId ?? ''
    expect(chatId).not.toBe(first?.chat_id)
    const { dynamicVariables, overrideDynamicVariables } = await client.getChat(chatId)
    expect({ ...dynamicVariables, ...overrideDynamicVariables }).toMatchObject({ name: 'Eve' })
  } finally {
    await client.close()
    await s.stop()
  }
})
