import { expect } from 'vitest'
import { z } from 'zod'
import { apiKey } from './started-api.ts'

export interface Answer {
  status: number
  headers: Headers
  /** Undefined for an empty body. */
  body: unknown
}

/** One request with the API key, unless the headers say otherwise (empty: none); a body that is no text is sent as JSON. */
export async function call(
  url: string,
  path: string,
  { method, body, headers = {} }: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const json = body !== undefined && typeof body !== 'string'
  const sent = json ? JSON.stringify(body) : body
  const all = { authorization: `Bearer ${apiKey}`, ...(json && { 'content-type': 'application/json' }), ...headers }
  const response = await fetch(url + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: Object.entries(all).filter(([, value]) => value !== ''),
    ...(typeof sent === 'string' && { body: sent }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
}

/** The same without credentials. */
export const anonymous = { authorization: '' }

export const asToken = (token: string) => ({ authorization: `Bearer ${token}` })

const problem = z.strictObject({
  type: z.string().regex(/^urn:chatlane:problem:[a-z_]+$/),
  title: z.string().min(1),
  status: z.number(),
  detail: z.string().min(1),
  errors: z.array(z.strictObject({ path: z.string(), message: z.string().min(1) })).optional(),
})

/** Checks that an answer is a problem of this status and kind, and gives its body. */
export function expectProblem(answer: Answer, status: number, code: string) {
  expect(answer.status).toBe(status)
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  const body = problem.parse(answer.body)
  expect(body).toMatchObject({ type: `urn:chatlane:problem:${code}`, status })
  expect(JSON.stringify(body)).not.toMatch(/node_modules|\.ts:\d|\n\s+at /)
  return body
}

const created = z.object({ conversation_id: z.string(), token: z.string() })
const accepted = z.object({ message_id: z.string() })

/** A new conversation's id and token. */
export async function newConversation(url: string, body: Record<string, unknown> = {}) {
  const answer = await call(url, '/v1/conversations', { body: { agent_id: 'chat_agent_test', ...body } })
  expect(answer.status).toBe(201)
  const { conversation_id: id, token } = created.parse(answer.body)
  return { id, token }
}

/** The id of an accepted message. */
export async function say(url: string, conversation: string, text: string): Promise<string> {
  const answer = await call(url, `/v1/conversations/${conversation}/messages`, { body: { text } })
  expect(answer.status).toBe(202)
  return accepted.parse(answer.body).message_id
}
