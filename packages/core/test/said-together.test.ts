import { expect, it } from 'vitest'
import {
  decodeEntry,
  foldItems,
  type LedgerEntry,
  ledgerEffect,
  type StoredEntry,
} from '../src/conversations/ledger.ts'
import { saidSince } from '../src/turns/history.ts'

/** As it comes back from Redis. */
function stored(...entries: LedgerEntry[]): StoredEntry[] {
  return entries.map((entry, i) => {
    const [, , ...args] = ledgerEffect('test', 'c0_0123456789012345678901', entry)
    return decodeEntry(`${i + 1}-0`, args.slice(args.indexOf('*') + 1).map(String))
  })
}

const user = (text: string): LedgerEntry => ({ kind: 'message', role: 'user', text, channel: 'sms', status: 'queued' })
const open: LedgerEntry = { kind: 'conversation', status: 'open', chatId: 'chat_1' }
const together = (message: string): LedgerEntry => ({ kind: 'status', message, status: 'answered', with: '2-0' })

it('counts messages that were said as one as one, by the words that were said', () => {
  const answer = { kind: 'message', role: 'agent', channel: 'sms', status: 'queued', answers: '2-0' } as const
  const ledger = stored(
    open,
    user('one'),
    user('two'),
    { ...answer, text: 'first', said: 'one\ntwo' },
    { ...answer, text: 'second' },
    together('3-0'),
    user('three'),
    { kind: 'status', message: '7-0', status: 'answered' },
  )
  expect(saidSince(ledger, 'chat_1', '')).toEqual([
    { by: 'user', text: 'one\ntwo' },
    { by: 'agent', text: 'first' },
    { by: 'agent', text: 'second' },
    { by: 'user', text: 'three' },
  ])
  expect(foldItems(ledger).flatMap(({ role, status }) => (role === 'user' ? [status] : []))).toEqual([
    'answered',
    'answered',
    'answered',
  ])
})

it('knows the words of an answer without a message, even when the message is not kept any more', () => {
  const ledger = stored(
    open,
    { kind: 'status', message: '0-9', status: 'answered', said: 'one\ntwo' },
    together('0-10'),
  )
  expect(saidSince(ledger, 'chat_1', '')).toEqual([{ by: 'user', text: 'one\ntwo' }])
})

it('shows who wrote what neither the person nor the agent did', () => {
  const ledger = stored({
    kind: 'message',
    role: 'agent',
    by: 'operator',
    text: 'Ada here',
    channel: 'web',
    status: 'delivered',
  })
  expect(foldItems(ledger)).toMatchObject([{ role: 'agent', by: 'operator', text: 'Ada here' }])
})
