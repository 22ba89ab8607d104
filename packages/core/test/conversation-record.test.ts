import { expect, test } from 'vitest'
import { type Attempt, type Change, changeEffects, parseConversation } from '../src/conversations/conversation.ts'

const ID = 'c0_0123456789012345678901'

/** The conversation that a record has after such a change. */
function after(change: Change) {
  const hash: Record<string, string> = { ch: 'web', from: ID, agent: 'a', made: '1', last: '1' }
  for (const [command, , ...args] of changeEffects('p', ID, change)) {
    if (command !== 'HSET') continue
    for (let i = 0; i < args.length; i += 2) hash[String(args[i])] = String(args[i + 1])
  }
  return { hash, conversation: parseConversation(ID, hash) }
}

const pending: Attempt = {
  item: '1795726935237-0',
  kind: 'completion',
  target: 'chat_0123456789abcdef0123456789abcdef',
  at: 1_795_726_935_170,
}

test('a pending attempt takes no value above 64 characters, which would double the memory of the record for good', () => {
  const { hash, conversation } = after({ attempt: pending })
  expect(conversation?.attempt).toEqual(pending)
  expect(Math.max(...Object.values(hash).map(({ length }) => length))).toBeLessThanOrEqual(64)
})

test('what is known of an unclear attempt comes back as it was, whatever its item is called', () => {
  const failed: Attempt = { ...pending, failed: 'UPONAI_TIMEOUT: no answer', answered: true }
  expect(after({ attempt: failed }).conversation?.attempt).toEqual(failed)
  const spaced: Attempt = { ...pending, kind: 'create', item: 'ended:a chat' }
  expect(after({ attempt: spaced }).conversation?.attempt).toEqual(spaced)
})

test('an attempt on record from before, all of it as JSON, is understood', () => {
  const hash = { ch: 'web', from: ID, agent: 'a', made: '1', last: '1', attempt: JSON.stringify(pending) }
  expect(parseConversation(ID, hash)?.attempt).toEqual(pending)
})

test('an attempt is taken off the record with all its fields', () => {
  expect(changeEffects('p', ID, { attempt: null })).toEqual([['HDEL', `{p:0}:conversation:${ID}`, 'attempt', 'target']])
})
