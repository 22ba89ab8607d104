import { describe, expect, it } from 'vitest'
import { findText, spoken } from '../src/turns/history.ts'
import type { Chat, ChatMessage } from '../src/uponai/client.ts'

const chat = (messages: ChatMessage[]): Chat => ({
  chatId: 'chat_1',
  status: 'ongoing',
  over: false,
  messages,
  historyIncluded: true,
  raw: {},
})
const user = (content: string): ChatMessage => ({ role: 'user', content })
const agent = (content: string): ChatMessage => ({ role: 'agent', content })
const plain = (content: string): ChatMessage => ({ content })
const call: ChatMessage = { role: 'tool_call_invocation', toolCallId: 't', name: 'look' }
const result: ChatMessage = { role: 'tool_call_result', toolCallId: 't', content: 'found' }

it('counts what was said, whatever tools did in between', () => {
  expect(spoken([agent('hi'), user('q'), call, result, agent('a'), { role: 'injected', content: 'x' }])).toHaveLength(3)
})

describe.each([
  ['with roles', user, agent],
  ['without roles', plain, plain],
])('%s', (_name, user, agent) => {
  it('finds the text behind what is known, and its answers', () => {
    const messages = [user('same'), agent('one'), user('same'), agent('two'), agent('three')]
    expect(findText(chat(messages), 2, 'same')).toEqual({ found: true, answers: ['two', 'three'], length: 5 })
  })

  it('does not take an earlier equal text for it', () => {
    expect(findText(chat([user('same'), agent('one')]), 2, 'same')).toEqual({ found: false })
  })

  it('finds a text that has no answer yet', () => {
    expect(findText(chat([user('q')]), 0, 'q')).toEqual({ found: true, answers: [], length: 1 })
  })

  it('does not count tool messages that only one side keeps', () => {
    const messages = [user('q1'), call, result, agent('a1'), user('q2'), agent('a2')]
    expect(findText(chat(messages), 2, 'q2')).toEqual({ found: true, answers: ['a2'], length: 4 })
  })
})

it("does not take the agent's words for the person's", () => {
  expect(findText(chat([agent('yes')]), 0, 'yes')).toEqual({ found: false })
})
