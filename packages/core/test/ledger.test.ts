import { expect, it } from 'vitest'
import {
  decodeEntry,
  foldItems,
  type LedgerEntry,
  ledgerEffect,
  type MessageStatus,
} from '../src/conversations/ledger.ts'

const CONVERSATION = `c0_${'a'.repeat(22)}`

/** An entry as Redis would give it back. */
function stored(id: string, entry: LedgerEntry) {
  const [, , ...args] = ledgerEffect('p', CONVERSATION, entry)
  return decodeEntry(id, args.slice(args.indexOf('*') + 1).map(String))
}

it('gives back every kind of entry as it was written', () => {
  const entries: LedgerEntry[] = [
    { kind: 'message', role: 'user', text: 'hi', channel: 'sms', status: 'queued' },
    { kind: 'message', role: 'agent', text: '', channel: 'web', status: 'delivered', answers: '1-0' },
    { kind: 'status', message: '1-0', status: 'failed', reason: 'why' },
    { kind: 'conversation', status: 'open', chatId: 'chat_1' },
    { kind: 'conversation', status: 'closed', reason: 'inactive' },
  ]
  expect(entries.map((entry) => stored('1-0', entry).entry)).toEqual(entries)
})

const statuses = (...order: MessageStatus[]) =>
  foldItems([
    stored('1-0', { kind: 'message', role: 'agent', text: 'x', channel: 'sms', status: 'queued' }),
    ...order.map((status, i) => stored(`2-${i}`, { kind: 'status', message: '1-0', status })),
  ])[0]?.status

it('never takes a state back, in whatever order callbacks come', () => {
  expect(statuses('sent', 'delivered')).toBe('delivered')
  expect(statuses('delivered', 'sent')).toBe('delivered')
  expect(statuses('undelivered', 'sent', 'sent')).toBe('undelivered')
  expect(statuses('read', 'delivered')).toBe('read')
  expect(statuses('unknown', 'sent')).toBe('sent')
  expect(statuses('delivered', 'unknown')).toBe('delivered')
})

it('drops the reason of a state that a later one has overtaken', () => {
  const items = foldItems([
    stored('1-0', { kind: 'message', role: 'agent', text: 'x', channel: 'sms', status: 'queued' }),
    stored('2-0', { kind: 'status', message: '1-0', status: 'unknown', reason: 'unclear' }),
    stored('3-0', { kind: 'status', message: '1-0', status: 'delivered' }),
  ])
  expect(items).toMatchObject([{ status: 'delivered' }])
  expect(items[0]).not.toHaveProperty('reason')
})

it('shows a message as answered by the entry that answers it', () => {
  const items = foldItems([
    stored('1-0', { kind: 'message', role: 'user', text: 'q', channel: 'web', status: 'queued' }),
    stored('1763800000000-5', {
      kind: 'message',
      role: 'agent',
      text: 'a',
      channel: 'web',
      status: 'delivered',
      answers: '1-0',
    }),
  ])
  expect(items.map(({ status }) => status)).toEqual(['answered', 'delivered'])
  expect(items[1]?.at).toBe('2025-11-22T08:26:40.000Z')
})
