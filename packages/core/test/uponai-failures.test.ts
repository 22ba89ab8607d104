import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ChatlaneError } from '../src/errors/chatlane-error.ts'
import { createUponAIClient, type UponAIClient, type UponAIClientOptions } from '../src/uponai/client.ts'
import { answer, half, hang, hinted, reset, scriptedServer, stuck } from './uponai-scripted-server.ts'

const apiKey = 'key_secret_1'
const operations = {
  create: (client: UponAIClient, signal?: AbortSignal) => client.createChat({ agentId: 'agent_1' }, { signal }),
  complete: (client: UponAIClient, signal?: AbortSignal) => client.complete('chat_1', 'hello', { signal }),
  get: (client: UponAIClient, signal?: AbortSignal) => client.getChat('chat_1', { signal }),
  list: (client: UponAIClient, signal?: AbortSignal) => client.listChats({}, { signal }),
  update: (client: UponAIClient, signal?: AbortSignal) => client.updateChat('chat_1', { metadata: {} }, { signal }),
  end: (client: UponAIClient, signal?: AbortSignal) => client.endChat('chat_1', { signal }),
}
type Operation = keyof typeof operations
const names: Operation[] = ['create', 'complete', 'get', 'list', 'update', 'end']
const isOneOf = (...some: Operation[]) => ({
  yes: names.filter((name) => some.includes(name)),
  no: names.filter((name) => !some.includes(name)),
})
const { yes: unrepeatable, no: repeatable } = isOneOf('create', 'complete')

async function failureOf(call: Promise<unknown>): Promise<ChatlaneError> {
  const error = await call.then(
    (value) => expect.unreachable(`succeeded with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  )
  if (!(error instanceof ChatlaneError)) throw error
  return error
}

describe.each(['rest', 'rpc'] as const)('failures, %s', (dialect) => {
  let server: Awaited<ReturnType<typeof scriptedServer>>
  let client: UponAIClient
  const clientFor = (options: Partial<UponAIClientOptions>) =>
    createUponAIClient({ baseUrl: server.origin, apiKey, dialect, workspaceId: 7, timeoutMs: 30_000, ...options })

  beforeEach(async () => {
    server = await scriptedServer()
    client = clientFor({})
  })
  afterEach(async () => {
    await server[Symbol.asyncDispose]()
    await client.close()
  })

  type Row = [status: number, operations: Operation[], code: string, handling: string]
  const statusRows: Row[] = [
    ...[401, 402, 403].map((status): Row => [status, names, 'UPONAI_CREDENTIALS', 'credentials']),
    [429, names, 'UPONAI_THROTTLED', 'retry_after'],
    ...[408, 500, 502, 503, 504].map((status): Row => [status, unrepeatable, 'UPONAI_UNCLEAR', 'unclear']),
    ...[408, 500, 502, 503, 504].map((status): Row => [status, repeatable, 'UPONAI_SERVER_ERROR', 'retry']),
    ...[404, 422].map((status): Row => [status, ['get', 'update'], 'UPONAI_CHAT_GONE', 'gone']),
    ...[404, 422].map((status): Row => [status, ['create', 'list'], 'UPONAI_REJECTED', 'permanent']),
    ...[400, 409, 410, 413].map((status): Row => {
      return [status, ['create', 'get', 'list', 'update'], 'UPONAI_REJECTED', 'permanent']
    }),
    ...[301, 302, 307, 308].map((status): Row => [status, names, 'UPONAI_REDIRECTED', 'credentials']),
  ]
  const eachStatus = statusRows.flatMap(([status, some, code, handling]) =>
    some.map((operation) => ({ operation, status, code, handling })),
  )
  test.each(eachStatus)('$status to $operation is $code', async ({ operation, status, code, handling }) => {
    server.script(answer(status, { message: 'because' }))
    const error = await failureOf(operations[operation](client))
    expect(error).toMatchObject({ code, handling, status })
    expect(error.message).toContain(`${status}`)
    expect(server.received).toHaveLength(1)
  })

  test('an answer without end is given up', async () => {
    server.script((response) => {
      const chunk = Buffer.alloc(1024 * 1024, ' ')
      const write = () => {
        while (response.write(chunk));
      }
      response.writeHead(200).on('drain', write)
      write()
    })
    const error = await failureOf(operations.complete(client))
    expect(error).toMatchObject({ code: 'UPONAI_UNCLEAR', handling: 'unclear', status: 200 })
    expect(error.message).toContain('over 33554432 bytes')
  })

  test.each([404, 422])('%i to a create asks for the agent that was named', async (status) => {
    server.script(answer(status, { message: 'no such id' }))
    const { message, detail } = await failureOf(client.createChat({ agentId: 'chat_agent_lost' }))
    expect({ message, detail }).toEqual({
      message: `UponAI answered ${status} to create: is there an agent chat_agent_lost? See chatlane agents list`,
      detail: 'no such id',
    })
  })

  const openChat = answer(200, { chatId: 'chat_1', status: 'ongoing', endedAt: null })
  const endedChat = answer(200, { chat_id: 'chat_1', chat_status: 'ended' })

  describe.each([400, 404, 409, 410, 422])('%i', (status) => {
    test.each([
      ['the chat is over', endedChat, 'UPONAI_CHAT_GONE', 'gone'],
      ['the chat is unknown', answer(404), 'UPONAI_CHAT_GONE', 'gone'],
      ['the chat is open', openChat, 'UPONAI_REJECTED', 'permanent'],
      ['reading it fails', answer(500), 'UPONAI_SERVER_ERROR', 'retry'],
    ])('to complete, and %s', async (_case, chat, code, handling) => {
      server.script(answer(status, { message: 'no' }), chat)
      expect(await failureOf(client.complete('chat_1', 'hello'))).toMatchObject({ code, handling })
      expect(server.received).toHaveLength(2)
    })

    test.each([
      ['the chat is over', endedChat],
      ['the chat is unknown', answer(422)],
    ])('to end, and %s: ended', async (_case, chat) => {
      server.script(answer(status), chat)
      await client.endChat('chat_1')
      expect(server.received).toHaveLength(2)
    })

    test('to end, and the chat is open: rejected', async () => {
      server.script(answer(status), openChat)
      expect(await failureOf(client.endChat('chat_1'))).toMatchObject({ code: 'UPONAI_REJECTED', status })
    })
  })

  const outcomeOf = (operation: Operation) =>
    unrepeatable.includes(operation)
      ? { code: 'UPONAI_UNCLEAR', handling: 'unclear' }
      : { code: 'UPONAI_NO_ANSWER', handling: 'retry' }

  describe.each([
    ['a reset connection', reset],
    ['an answer cut off', half(200, '{"mess')],
    ['only a word that the answer is to come', hinted],
  ])('%s', (_what, step) => {
    test.each(names)('to %s', async (operation) => {
      server.script(step)
      expect(await failureOf(operations[operation](client))).toMatchObject(outcomeOf(operation))
      expect(server.received, 'sent once, never repeated behind our back').toHaveLength(1)
    })
  })

  describe('a kept connection that the other side has forgotten', () => {
    const chat = { chatId: 'chat_1', messages: [] }
    let narrow: UponAIClient
    beforeEach(() => {
      narrow = clientFor({ connections: 1 })
    })
    afterEach(() => narrow.close())

    test.each(names)('to %s', async (operation) => {
      server.script(answer(200, chat), reset, answer(200, { ...chat, items: [] }))
      await narrow.getChat('chat_1')
      if (unrepeatable.includes(operation)) {
        const error = await failureOf(operations[operation](narrow))
        expect(error).toMatchObject({ code: 'UPONAI_UNCLEAR' })
        expect(error.message).toContain('kept from an earlier request')
        expect(server.received).toHaveLength(2)
      } else {
        await operations[operation](narrow)
        expect(server.received.slice(2)).toEqual([server.received[1]])
      }
    })

    test('is met once, and not again and again', async () => {
      server.script(answer(200, chat), reset, reset)
      await narrow.getChat('chat_1')
      expect(await failureOf(narrow.getChat('chat_1'))).toMatchObject({ code: 'UPONAI_NO_ANSWER' })
      expect(server.received).toHaveLength(3)
    })
  })

  describe.each([
    ['no answer in time', hang],
    ['an answer stuck half-way', stuck(201, '{"mess')],
  ])('%s', (_what, step) => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
    afterEach(() => void vi.useRealTimers())

    test.each(names)('to %s', async (operation) => {
      server.script(step)
      const arrived = server.nextRequest()
      const failure = failureOf(operations[operation](client))
      await arrived
      vi.advanceTimersByTime(30_000)
      const error = await failure
      expect(error).toMatchObject(outcomeOf(operation))
      expect(error.message).toContain('timed out')
    })
  })

  test('a refusal stands when its explanation is cut off', async () => {
    server.script(half(429, '{"mess'))
    expect(await failureOf(client.complete('chat_1', 'hello'))).toMatchObject({ code: 'UPONAI_THROTTLED' })
  })

  test.each(names)('a refused connection on %s: never left', async (operation) => {
    const gone = await scriptedServer()
    await gone[Symbol.asyncDispose]()
    const failing = clientFor({ baseUrl: gone.origin })
    const error = await failureOf(operations[operation](failing))
    expect(error).toMatchObject({ code: 'UPONAI_UNREACHABLE', handling: 'retry' })
    expect(error.message).toContain('ECONNREFUSED')
    await failing.close()
  })

  test('an unknown host: never left', async () => {
    const failing = clientFor({ baseUrl: 'http://nobody.invalid', timeoutMs: 2000 })
    expect(await failureOf(failing.complete('chat_1', 'hello'))).toMatchObject({ code: 'UPONAI_UNREACHABLE' })
    await failing.close()
  })

  test('time up before a connection was free: never left, not even later', async () => {
    const narrow = clientFor({ connections: 1 })
    const inFlight = new AbortController()
    server.script(hang, answer(200, { chatId: 'chat_1' }))
    const arrived = server.nextRequest()
    const first = failureOf(narrow.complete('chat_1', 'first', { signal: inFlight.signal }))
    await arrived
    const second = await failureOf(narrow.complete('chat_1', 'second', { timeoutMs: 20 }))
    expect(second).toMatchObject({ code: 'UPONAI_UNREACHABLE', handling: 'retry' })
    inFlight.abort()
    await first
    await narrow.getChat('chat_1')
    expect(server.received.map(({ body }) => JSON.stringify(body) ?? '')).toEqual([
      expect.stringContaining('first'),
      '',
    ])
    await narrow.close()
  })

  test.each(names)('%s given up by the caller before it left', async (operation) => {
    const error = await failureOf(operations[operation](client, AbortSignal.abort(new Error('lease lost'))))
    expect(error).toMatchObject({ code: 'UPONAI_ABORTED', handling: 'retry', cause: new Error('lease lost') })
    expect(server.received).toEqual([])
  })

  test.each(names)('%s given up by the caller while UponAI is at it', async (operation) => {
    server.script(hang)
    const caller = new AbortController()
    const arrived = server.nextRequest()
    const failure = failureOf(operations[operation](client, caller.signal))
    await arrived
    caller.abort()
    expect(await failure).toMatchObject(
      unrepeatable.includes(operation) ? { code: 'UPONAI_UNCLEAR' } : { code: 'UPONAI_ABORTED' },
    )
  })

  test('sends nothing when the call may not be made any more once there is a connection for it', async () => {
    server.script(hang)
    const narrow = clientFor({ connections: 1 })
    const caller = new AbortController()
    const first = failureOf(narrow.getChat('chat_1', { signal: caller.signal }))
    await server.nextRequest()
    const lost = new Error('lease lost')
    const begin = () => {
      throw lost
    }
    const second = failureOf(narrow.complete('chat_1', 'hello', { begin }))
    caller.abort()
    await first
    expect(await second).toMatchObject({ code: 'UPONAI_ABORTED', handling: 'retry', cause: lost })
    expect(server.received).toHaveLength(1)
    await narrow.close()
  })

  const unreadable: [string, unknown][] = [
    ['no JSON', '<html>fine</html>'],
    ['an empty body', undefined],
    ['another shape', { success: true }],
    ['null', null],
  ]
  const eachUnreadable = unreadable.flatMap(([what, body]) =>
    names.filter((name) => name !== 'end').map((operation) => ({ what, body, operation })),
  )
  test.each(eachUnreadable)('2xx with $what to $operation', async ({ body, operation }) => {
    server.script(answer(200, body))
    expect(await failureOf(operations[operation](client))).toMatchObject({
      code: 'UPONAI_BAD_ANSWER',
      handling: unrepeatable.includes(operation) ? 'unclear' : 'retry',
    })
  })

  const inAMinute = () => new Date(Math.ceil(Date.now() / 1000) * 1000 + 60_000).toUTCString()
  test.each<[string, () => Record<string, string>, (ms: number | undefined) => boolean]>([
    ['seconds', () => ({ 'retry-after': '7' }), (ms) => ms === 7000],
    ['milliseconds first', () => ({ 'retry-after-ms': '250', 'retry-after': '7' }), (ms) => ms === 250],
    ['a date', () => ({ 'retry-after': inAMinute() }), (ms) => ms !== undefined && ms > 0 && ms <= 61_000],
    ['a date in the past', () => ({ 'retry-after': new Date(0).toUTCString() }), (ms) => ms === undefined],
    ['at once', () => ({ 'retry-after': '0' }), (ms) => ms === undefined],
    ['far too long', () => ({ 'retry-after': '99999999999' }), (ms) => ms === 900_000],
    ['nonsense', () => ({ 'retry-after': 'soon' }), (ms) => ms === undefined],
    ['nothing', () => ({}), (ms) => ms === undefined],
  ])('Retry-After: %s', async (_case, headers, fits) => {
    server.script(answer(429, {}, headers()))
    const { retryAfterMs } = await failureOf(client.getChat('chat_1'))
    expect(retryAfterMs).toSatisfy(fits)
  })

  test.each([
    ['message', { status: 'error', message: 'bad id', error: 'other' }, 'bad id'],
    ['error', { error: 'bad id' }, 'bad id'],
    ['error.message', { error: { message: 'bad id' } }, 'bad id'],
    ['detail', { detail: 'bad id' }, 'bad id'],
    ['detail as a list', { detail: [{ loc: ['id'] }] }, '[{"loc":["id"]}]'],
    ['raw text', 'bad id', 'bad id'],
    ['other JSON', { code: 4 }, '{"code":4}'],
    ['nothing', undefined, undefined],
    ['long text', '👋'.repeat(400), '👋'.repeat(300)],
  ])('explained by %s', async (_case, body, detail) => {
    server.script(answer(404, body))
    expect((await failureOf(client.getChat('chat_1'))).detail).toBe(detail)
  })

  test('says neither the key nor what was said, wherever a logger looks', async () => {
    server.script(answer(400, { message: `the key ${apiKey} may not say hello` }), openChat)
    const error = await failureOf(client.complete('chat_1', 'hello'))
    expect(error.detail).toBe('the key [redacted] may not say hello')
    expect(`${error.stack} ${JSON.stringify(error)} ${error.safeMessage}`).not.toMatch(/key_secret_1|hello/)
  })
})
