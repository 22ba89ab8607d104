import { request } from 'undici'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { z } from 'zod'
import { type Sandbox, type SandboxClient, type SandboxOptions, sandboxClient, startSandbox } from '../src/index.ts'

interface HttpAnswer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: unknown
}

/** A sandbox for the tests of one file, reset after each of them. */
export function useSandbox(options: SandboxOptions = {}) {
  let sandbox: Sandbox
  let control: SandboxClient
  beforeAll(async () => {
    sandbox = await startSandbox(options)
    control = sandboxClient(sandbox.url)
  })
  afterEach(() => control.reset())
  afterAll(() => sandbox.close())

  const call = async (
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    key = 'sandbox-key',
  ) => {
    const response = await request(`${sandbox.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await response.body.text()
    const answer: HttpAnswer = {
      status: response.statusCode,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
    }
    return answer
  }

  const createChat = async (agent = 'chat_agent_a', metadata?: Record<string, unknown>) => {
    const { body } = await call('POST', '/uponai/create-chat', { agent_id: agent, metadata })
    return z.object({ chat_id: z.string() }).parse(body).chat_id
  }
  const complete = (chatId: string, content: string) =>
    call('POST', '/uponai/create-chat-completion', { chat_id: chatId, content })
  const trueChat = async (chatId: string) => {
    const found = (await control.chats()).find(({ chat_id }) => chat_id === chatId)
    if (found === undefined) throw new Error(`no chat ${chatId}`)
    return found
  }
  const textsOf = async (chatId: string) =>
    (await trueChat(chatId)).messages.map(({ role, content }) => `${role}: ${content}`)

  return {
    call,
    createChat,
    complete,
    trueChat,
    textsOf,
    get sandbox() {
      return sandbox
    },
    get control() {
      return control
    },
  }
}
