import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { type Stage, stage } from './stage.ts'

let s: Stage
afterEach(() => s.stop())

const said = (items: { role: string; text: string }[]) => items.map(({ role, text }) => `${role}: ${text}`)
const ROLELESS = { message_roles: false, message_ids: false, message_timestamps: false }

async function open(): Promise<string[]> {
  return (await s.sandbox.chats()).filter(({ status }) => status === 'ongoing').map(({ chat_id }) => chat_id)
}

describe('a chat whose creation has no clear outcome', () => {
  const lost = { target: 'uponai', operation: 'create', fault: { kind: 'drop', when: 'after' } } as const

  it('is adopted when it was to take the place of one that ended on the other side', async () => {
    s = await stage({})
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'before')
    await s.settled(conversation)
    const [first] = await s.sandbox.chats()
    await s.sandbox.endChat(first?.chat_id ?? '')
    await s.sandbox.setFaults({ rules: [{ ...lost, times: 1 }] })
    await s.say(conversation, 'after')
    await s.settled(conversation)
    expect(await open()).toHaveLength(1)
    expect((await s.sandbox.chats()).map(({ completions }) => completions)).toEqual([1, 1])
  })

  it('is adopted when the other side told that the one before ended', async () => {
    s = await stage({})
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'before')
    await s.settled(conversation)
    const [first] = await s.sandbox.chats()
    await s.conversations.noteChatEnded(conversation.id, first?.chat_id ?? '')
    await s.sandbox.endChat(first?.chat_id ?? '')
    await s.sandbox.setFaults({ rules: [{ ...lost, times: 1 }] })
    await s.say(conversation, 'after')
    await s.settled(conversation)
    expect(await open()).toHaveLength(1)
  })

  it('is adopted from behind the chats that were made since', async () => {
    s = await stage({})
    await s.sandbox.setFaults({ rules: [{ ...lost, times: 1, fault: { kind: 'hang', when: 'after' } }] })
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'hello')
    while ((await open()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    await s.chats(150)
    await s.settled(conversation)
    expect(await open()).toHaveLength(151)
  })

  it('is ended with the conversation, when no message came through to it', async () => {
    s = await stage({ env: { TURN_ATTEMPTS: '1' } })
    await s.sandbox.setFaults({ rules: [lost] })
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'hello')
    await s.settled(conversation)
    expect(await open()).toHaveLength(1)
    await s.conversations.requestEnd(conversation)
    await s.settled(conversation)
    expect(await open()).toEqual([])
  })

  it('is ended with the conversation, when it came into being long after another one took its place', async () => {
    const proxy = lateFirstRequest()
    s = await stage({ before: proxy.listen })
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'hello')
    await s.settled(conversation)
    expect(await open()).toHaveLength(1)
    while ((await open()).length < 2) await new Promise((resolve) => setTimeout(resolve, 20))
    await s.conversations.requestEnd(conversation)
    await s.settled(conversation)
    expect(await open()).toEqual([])
    expect((await s.conversations.find(conversation.id))?.lost).toEqual([])
    proxy.close()
  })

  it('is ended when it turns up late, where chats are never closed for silence', async () => {
    const proxy = lateFirstRequest()
    s = await stage({ before: proxy.listen, env: { AUTO_CLOSE_AFTER_MS: '0' } })
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'hello')
    await s.settled(conversation)
    while ((await open()).length < 2) await new Promise((resolve) => setTimeout(resolve, 20))
    // Ends only when the chat is ended; else the test runs into its time-out.
    while ((await open()).length > 1) await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await s.sandbox.chats()).toMatchObject([
      { status: 'ongoing', completions: 1 },
      { status: 'ended', completions: 0 },
    ])
    proxy.close()
  })

  it('is ended by its deadline, when it was opened for its greeting only', async () => {
    s = await stage({ env: { AUTO_CLOSE_AFTER_MS: '1000' } })
    await s.sandbox.setFaults({ rules: [lost] })
    await s.web()
    while ((await s.sandbox.chats()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    // Ends only when the chat is ended; else the test runs into its time-out.
    while ((await open()).length > 0) await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await s.sandbox.chats()).toMatchObject([{ ended_by: 'api' }])
  })
})

it('waits for an answer that takes longer than the time-out', async () => {
  s = await stage({ env: { UPONAI_TIMEOUT_MS: '1000', UPONAI_COMPLETION_TIMEOUT_MS: '1000' } })
  await s.sandbox.setFaults({
    rules: [
      {
        target: 'uponai',
        operation: 'completion',
        match: { text: 'slow' },
        fault: { kind: 'latency', distribution: 'fixed', ms: 1_600 },
      },
    ],
  })
  const conversation = await s.web('pk_quiet')
  await s.say(conversation, 'slow')
  await s.say(conversation, 'next')
  const items = await s.settled(conversation)
  const [chat] = await s.sandbox.chats()
  expect(chat?.messages.map(({ content }) => content)).toEqual(['slow', 'echo: slow', 'next', 'echo: next'])
  expect(said(items).filter((text) => text.startsWith('agent'))).toEqual(['agent: echo: slow', 'agent: echo: next'])
  expect(chat?.max_working).toBe(1)
})

describe('a completion that takes longer than other requests may, and shows nothing before its answer', () => {
  const slow = (ms: number) => ({
    target: 'uponai' as const,
    operation: 'completion' as const,
    match: { text: 'slow' },
    fault: { kind: 'latency' as const, distribution: 'fixed' as const, ms },
  })
  const patient = { UPONAI_TIMEOUT_MS: '500', UPONAI_COMPLETION_TIMEOUT_MS: '60000' }

  it('is waited for', async () => {
    s = await stage({ env: patient, settings: { text_stored: 'answer' } })
    await s.sandbox.setFaults({ rules: [slow(1_500)] })
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'slow')
    const items = await s.settled(conversation)
    expect(said(items)).toEqual(['user: slow', 'agent: echo: slow'])
    expect(await s.sandbox.chats()).toMatchObject([{ completions: 1, max_working: 1 }])
  })

  it('is said once, though its worker was drained meanwhile', async () => {
    s = await stage({ env: patient, settings: { text_stored: 'answer' } })
    await s.sandbox.setFaults({ rules: [slow(9_000)] })
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'slow')
    while ((await s.sandbox.chats())[0]?.max_working !== 1) await new Promise((resolve) => setTimeout(resolve, 20))
    // Stops waiting after six seconds.
    await s.replaceWorker()
    const items = await s.settled(conversation)
    expect(said(items)).toEqual(['user: slow', 'agent: echo: slow'])
    expect(await s.sandbox.chats()).toMatchObject([{ completions: 1, max_working: 1 }])
  })
})

it.each(['rest', 'rpc'] as const)(
  'a refusal with 422 in a chat that goes on opens no other chat (%s)',
  async (dialect) => {
    s = await stage({ dialect })
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'before')
    await s.settled(conversation)
    await s.sandbox.setFaults({
      rules: [
        { target: 'uponai', operation: 'completion', match: { text: 'bad' }, fault: { kind: 'status', status: 422 } },
      ],
    })
    await s.say(conversation, 'bad')
    await s.say(conversation, 'after')
    const items = await s.settled(conversation)
    expect(await s.sandbox.chats()).toMatchObject([{ completions: 2 }])
    expect(items.find(({ text }) => text === 'bad')).toMatchObject({ status: 'failed', reason: 'uponai_rejected' })
  },
)

it.each(['rest', 'rpc'] as const)(
  'tool calls move no known length and are shown to nobody, roles or not (%s)',
  async (dialect) => {
    s = await stage({ dialect, settings: ROLELESS })
    const tool = { role: 'tool_call_invocation', name: 'look', tool_call_id: 't', arguments: '{}' }
    const result = { role: 'tool_call_result', tool_call_id: 't', content: 'found' }
    await s.sandbox.setScript({
      rules: [
        { text: 'unstored', answer: [{ ...tool, stored: false }, { ...result, stored: false }, 'same'] },
        { text: 'unreturned', answer: [{ ...tool, returned: false }, { ...result, returned: false }, 'same'] },
        { text: 'same', answer: ['same'] },
      ],
    })
    const conversation = await s.web('pk_quiet')
    for (const text of ['unstored', 'unreturned']) {
      await s.sandbox.clearFaults()
      await s.say(conversation, text)
      await s.settled(conversation)
      await s.sandbox.setFaults({
        rules: [{ target: 'uponai', operation: 'completion', times: 1, fault: { kind: 'drop', when: 'after' } }],
      })
      await s.say(conversation, 'same')
      await s.settled(conversation)
    }
    const { items } = await s.conversations.messages(conversation.id, '0', 100)
    expect(said(items)).toEqual([
      'user: unstored',
      'agent: same',
      'user: same',
      'agent: same',
      'user: unreturned',
      'agent: same',
      'user: same',
      'agent: same',
    ])
    const [chat] = await s.sandbox.chats()
    expect(chat?.completions).toBe(4)
  },
)

it('what is kept of a conversation has an end, answered or not', async () => {
  s = await stage({})
  await s.sandbox.setFaults({
    rules: [
      { target: 'uponai', operation: 'completion', match: { text: 'bad' }, fault: { kind: 'status', status: 400 } },
    ],
  })
  await s.sandbox.setScript({ rules: [{ greeting: ['Hello!'] }] })
  const silent = await s.web()
  await s.settled(silent, (items) => items.length === 1)
  const refused = await s.web('pk_quiet')
  await s.say(refused, 'bad')
  await s.settled(refused)
  for (const conversation of [silent, refused]) {
    const { record, ledger } = await s.timesToLive(conversation)
    expect(record).toBeGreaterThan(0)
    expect(ledger).toBeGreaterThan(0)
  }
})

it('says nothing again when UponAI shows no history', async () => {
  const proxy = withoutHistory()
  s = await stage({ before: proxy.listen, env: { UPONAI_TIMEOUT_MS: '1000', UPONAI_COMPLETION_TIMEOUT_MS: '1000' } })
  await s.sandbox.setFaults({
    rules: [
      {
        target: 'uponai',
        operation: 'completion',
        match: { text: 'lost' },
        times: 1,
        fault: { kind: 'status', status: 500, when: 'after' },
      },
    ],
  })
  const conversation = await s.web('pk_quiet')
  await s.say(conversation, 'lost')
  await s.say(conversation, 'next')
  const items = await s.settled(conversation)
  expect(items.map(({ text, status, reason }) => [text, status, reason])).toEqual([
    ['lost', 'failed', 'outcome_unknown'],
    ['next', 'answered', undefined],
    ['echo: next', 'delivered', undefined],
  ])
  expect(await s.sandbox.chats()).toMatchObject([{ completions: 2 }])
  proxy.close()
})

/** Stands before UponAI and leaves the messages out of what get-chat answers. */
function withoutHistory() {
  return standIn(async (request, response, pass) => {
    const { status, said } = await pass()
    const shown = request.method === 'GET' ? said.replace('"messages":', '"elsewhere":') : said
    response.writeHead(status, { 'content-type': 'application/json' }).end(shown)
  })
}

/** Stands before UponAI: the first request loses its connection at once, and gets there all the same, a second later. */
function lateFirstRequest() {
  let first = true
  return standIn(async (_request, response, pass) => {
    if (first) {
      first = false
      response.socket?.destroy()
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      await pass()
      return
    }
    const { status, said } = await pass()
    response.writeHead(status, { 'content-type': 'application/json' }).end(said)
  })
}

function standIn(
  handle: (
    request: IncomingMessage,
    response: ServerResponse,
    pass: () => Promise<{ status: number; said: string }>,
  ) => Promise<void>,
) {
  let target = ''
  const server = createServer(async (request, response) => {
    const body = request.method === 'GET' ? null : await text(request)
    const { authorization = '' } = request.headers
    await handle(request, response, async () => {
      const answer = await fetch(target + request.url, {
        method: request.method ?? 'GET',
        headers: { authorization, 'content-type': 'application/json' },
        body,
      })
      return { status: answer.status, said: await answer.text() }
    })
  })
  return {
    async listen(uponaiUrl: string): Promise<string> {
      target = uponaiUrl
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const address = server.address()
      return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    },
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
