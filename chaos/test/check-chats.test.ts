import type { UponaiEntry, WebhookEntry } from '@chatlane/sandbox'
import { expect, it } from 'vitest'
import { check } from '../check/check.ts'
import type { Evidence } from '../evidence.ts'
import { consistentEvidence, type Step, type Story } from './consistent.ts'
import { chatsOf, completionsOf, faultsIn, insertAfter, personNamed } from './damage.ts'

const say = (text: string): Step => ({ do: 'say', text })
type How = Extract<Step, { do: 'over' }>['how']

/** One chat that came to its end, and a second one; with `burst` 2 both messages behind the end are there before it. */
function twoChats(how: How, story: Partial<Story> = {}): Evidence {
  const steps = [say('one'), { do: 'over' as const, how }, say('two'), say('three')]
  return consistentEvidence([
    { name: 'Ada', channel: 'web', greeting: false, burst: 1, steps, closedAtEnd: false, ...story },
    { name: 'Ben', channel: 'web', greeting: false, burst: 1, steps: [say('ok')], closedAtEnd: false },
  ])
}

function firstChatOf(evidence: Evidence) {
  const [chat] = chatsOf(evidence, personNamed(evidence, 'Ada'))
  if (!chat) throw new Error('no chat')
  return chat
}

function endCall({ history }: Evidence): UponaiEntry {
  const found = history.find((entry): entry is UponaiEntry => entry.kind === 'uponai' && entry.operation === 'end')
  if (!found) throw new Error('no end-chat')
  return found
}

function webhook({ history }: Evidence): WebhookEntry {
  const found = history.find((entry): entry is WebhookEntry => entry.kind === 'webhook')
  if (!found) throw new Error('no webhook')
  return found
}

/** The completion of `two` is first tried in the chat before, and refused: the try begins at `at`. */
function tryInFirstChat(evidence: Evidence, at: number): void {
  const [completion] = completionsOf(evidence, 'two')
  if (!completion) throw new Error('no completion')
  const { chat_id } = firstChatOf(evidence)
  const index = evidence.history.indexOf(completion)
  const refused = { ...completion, chat_id, at, answered_at: at, status: 400, effect: false, seq: completion.seq - 0.5 }
  evidence.history.splice(index, 0, refused)
}

/** When Ada's `two` was written into the ledger. */
function writtenAt(evidence: Evidence): number {
  const entry = personNamed(evidence, 'Ada').ledger.find(({ text }) => text === 'two')
  return Number.parseInt(entry?.id ?? '', 10)
}

it('finds a completion after our end-chat was answered', () => {
  const evidence = twoChats('closed')
  webhook(evidence).event = 'chat_analyzed'
  tryInFirstChat(evidence, (endCall(evidence).answered_at ?? 0) + 1)
  expect(faultsIn(evidence)).toEqual({ sent_into_ended: ['Ada'] })
  expect(check(evidence).sent_into_ended[0]).toMatchObject({ text: 'two', chatIds: [firstChatOf(evidence).chat_id] })
})

it('finds none where our end-chat was not answered with a success', () => {
  for (const answer of [
    { outcome: 'dropped' as const, status: null },
    { outcome: 'dropped' as const },
    { status: 500 },
  ]) {
    const evidence = twoChats('closed')
    webhook(evidence).event = 'chat_analyzed'
    Object.assign(endCall(evidence), answer)
    tryInFirstChat(evidence, (endCall(evidence).answered_at ?? 0) + 1)
    expect(faultsIn(evidence)).toEqual({})
  }
})

it('finds a completion of a later message after we took the webhook', () => {
  const evidence = twoChats('webhook')
  tryInFirstChat(evidence, writtenAt(evidence) + 1)
  expect(faultsIn(evidence)).toEqual({ sent_into_ended: ['Ada'] })
})

it('finds none where we refused the webhook, or never got it', () => {
  for (const answer of [{ status: 503 }, { outcome: 'dropped' as const, status: null }]) {
    const evidence = twoChats('webhook')
    Object.assign(webhook(evidence), answer)
    tryInFirstChat(evidence, writtenAt(evidence) + 1)
    expect(faultsIn(evidence)).toEqual({})
  }
})

it('finds none where nobody told us', () => {
  expect(faultsIn(twoChats('unheard'))).toEqual({})
})

it('lists a completion whose turn may have begun before the webhook came, and calls it no fault', () => {
  const evidence = twoChats('webhook')
  const news = webhook(evidence)
  // The news comes when the message is there and its turn has begun.
  news.at = writtenAt(evidence)
  news.answered_at = writtenAt(evidence) + 1
  tryInFirstChat(evidence, news.answered_at + 1)
  expect(faultsIn(evidence)).toEqual({})
  expect(check(evidence).raced_with_end.map(({ person, text }) => [person, text])).toEqual([['Ada', 'two']])
})

it('finds the second try in a chat after the webhook: its turn knew', () => {
  const evidence = twoChats('webhook')
  const news = webhook(evidence)
  news.answered_at = writtenAt(evidence) + 1
  tryInFirstChat(evidence, news.answered_at + 1)
  const [first] = completionsOf(evidence, 'two')
  if (first)
    insertAfter(evidence.history, first, {
      ...first,
      seq: first.seq + 0.1,
      at: first.at + 1,
      answered_at: first.at + 1,
    })
  expect(faultsIn(evidence)).toEqual({ sent_into_ended: ['Ada'] })
})

it('finds a chat that goes on though its conversation is closed', () => {
  const evidence = twoChats('closed', { closedAtEnd: true })
  firstChatOf(evidence).status = 'ongoing'
  expect(faultsIn(evidence)).toEqual({ orphan_chats: ['Ada'] })
})

it('finds a chat that goes on beside the newer one of its conversation', () => {
  const evidence = twoChats('webhook')
  firstChatOf(evidence).status = 'ongoing'
  expect(faultsIn(evidence)).toEqual({ orphan_chats: ['Ada'] })
  delete personNamed(evidence, 'Ada').chatId
  expect(faultsIn(evidence)).toEqual({ orphan_chats: ['Ada'] })
})

it('finds a newer chat that is not the conversation’s', () => {
  const evidence = twoChats('webhook')
  const chat = { ...firstChatOf(evidence), chat_id: 'chat_late', status: 'ongoing' as const, messages: [] }
  evidence.chats.push({ ...chat, started_at: Date.UTC(2026, 0, 2) })
  expect(check(evidence).orphan_chats.map(({ person, chatIds }) => [person, chatIds])).toEqual([['Ada', ['chat_late']]])
})

it('takes a greeting that still waits for its person for no orphan', () => {
  expect(faultsIn(twoChats('closed', { greeting: true, steps: [] }))).toEqual({})
})

it('takes a chat that is not known yet, the newest of an open conversation, for no orphan', () => {
  const evidence = twoChats('closed', { greeting: true, steps: [] })
  delete personNamed(evidence, 'Ada').chatId
  expect(faultsIn(evidence)).toEqual({})
})

it('takes a chat whose end became a dead letter for no orphan: it is listed', () => {
  for (const kind of ['close', 'end']) {
    const evidence = twoChats('closed', { closedAtEnd: true })
    firstChatOf(evidence).status = 'ongoing'
    const letter = { conversationId: 'conversation_0', kind, reason: 'uponai_unreachable' }
    evidence.deadLetters.push(letter)
    expect(faultsIn(evidence)).toEqual({})
    expect(check(evidence).dead_letters.map(({ person, expected, seen }) => [person, expected, seen])).toEqual([
      ['Ada', `${kind} done`, 'given up: uponai_unreachable'],
    ])
    letter.kind = 'open'
    expect(faultsIn(evidence)).toEqual({ orphan_chats: ['Ada'] })
  }
})

it('finds a silent chat of nobody’s, unless the run was over before the deadlines', () => {
  const evidence = twoChats('closed', { closedAtEnd: true })
  const greeting = { ...firstChatOf(evidence), chat_id: 'chat_x', status: 'ongoing' as const, messages: [] }
  evidence.chats.push({ ...greeting, metadata: { conversation_id: 'conversation_unknown' } })
  // Ben's chat still goes on: so may this one.
  expect(faultsIn(evidence)).toEqual({})
  const ben = personNamed(evidence, 'Ben')
  for (const chat of chatsOf(evidence, ben)) chat.status = 'ended'
  ben.status = 'closed'
  expect(faultsIn(evidence)).toEqual({ orphan_chats: ['unknown (chat chat_x)'] })
})

it('finds a silent chat that names no conversation', () => {
  const evidence = twoChats('closed')
  evidence.chats.push({ ...firstChatOf(evidence), chat_id: 'chat_x', status: 'ongoing', messages: [], metadata: null })
  expect(faultsIn(evidence)).toEqual({ orphan_chats: ['unknown (chat chat_x)'] })
})

/** The first chat has a completion that hangs for `openMs` and comes to nothing; the next one begins `gapMs` after it. */
function leftOpen(gapMs: number, openMs: number | null): Evidence {
  const evidence = twoChats('closed')
  const [said] = completionsOf(evidence, 'one')
  if (!said) throw new Error('not said')
  const at = said.at - gapMs
  const hung = { at, answered_at: openMs === null ? null : at + openMs, status: null, outcome: 'dropped' as const }
  evidence.history.splice(evidence.history.indexOf(said), 0, { ...said, ...hung, seq: said.seq - 0.5, effect: false })
  firstChatOf(evidence).max_in_flight = openMs === null || openMs > gapMs ? 2 : 1
  return evidence
}

it('takes a call that began when nobody could be at the one before for no fault: that one was left open', () => {
  for (const openMs of [24_000, null]) {
    const evidence = leftOpen(13_000, openMs)
    expect(faultsIn(evidence)).toEqual({})
    expect(check(evidence).left_open).toMatchObject([{ person: 'Ada', chatIds: [firstChatOf(evidence).chat_id] }])
    firstChatOf(evidence).max_working = 2
    expect(faultsIn(evidence)).toEqual({ overlapping: ['Ada'] })
    expect(check(evidence).left_open).toEqual([])
  }
})

it('finds a call that began when somebody could still be at the one before, whatever UponAI counted', () => {
  for (const openMs of [24_000, null]) {
    const evidence = leftOpen(12_999, openMs)
    expect(faultsIn(evidence)).toEqual({ overlapping: ['Ada'] })
    firstChatOf(evidence).max_in_flight = 1
    expect(faultsIn(evidence)).toEqual({ overlapping: ['Ada'] })
    expect(check(evidence).overlapping[0]?.seen).toContain('the next one 12999 ms after it')
  }
})

it('takes calls that come one after the other for what they are', () => {
  const evidence = leftOpen(8_000, 7_999)
  expect(faultsIn(evidence)).toEqual({})
  expect(check(evidence).left_open).toEqual([])
})

it('says how many were at once in an overlapping chat', () => {
  const evidence = twoChats('closed')
  Object.assign(firstChatOf(evidence), { max_in_flight: 3, max_working: 2 })
  expect(check(evidence).overlapping).toMatchObject([
    { person: 'Ada', seen: 'up to 3 callers waiting, up to 2 texts worked on at once' },
  ])
})

it('takes no other webhook for the end', () => {
  const evidence = twoChats('webhook')
  webhook(evidence).event = 'chat_started'
  tryInFirstChat(evidence, writtenAt(evidence) + 1)
  expect(faultsIn(evidence)).toEqual({})
})

it('takes of equal texts the one whose turn it was', () => {
  const evidence = twoChats('webhook', { steps: [say('two'), { do: 'over', how: 'webhook' }, say('two')] })
  const second = completionsOf(evidence, 'two')[1]
  const entry = personNamed(evidence, 'Ada').ledger.findLast(({ text }) => text === 'two')
  if (!second || !entry) throw new Error('not said twice')
  const at = Number.parseInt(entry.id, 10) + 1
  const refused = { chat_id: firstChatOf(evidence).chat_id, at, answered_at: at, status: 400, effect: false }
  evidence.history.splice(evidence.history.indexOf(second), 0, { ...second, ...refused, seq: second.seq - 0.5 })
  expect(faultsIn(evidence)).toEqual({ sent_into_ended: ['Ada'] })
})

it('finds the newest chat of a closed conversation when it goes on', () => {
  const evidence = twoChats('closed', { closedAtEnd: true })
  const newest = chatsOf(evidence, personNamed(evidence, 'Ada')).at(-1)
  if (newest) newest.status = 'ongoing'
  expect(faultsIn(evidence)).toEqual({ orphan_chats: ['Ada'] })
})

it('finds a conversation that never closes, unless its close was given up', () => {
  for (const known of [true, false]) {
    const evidence = twoChats('closed')
    const ada = personNamed(evidence, 'Ada')
    const newest = chatsOf(evidence, ada).at(-1)
    expect([ada.status, ada.chatId]).toEqual(['open', newest?.chat_id])
    expect(faultsIn(evidence)).toEqual({})
    ada.closes = true
    if (!known) delete ada.chatId
    expect(faultsIn(evidence)).toEqual({ not_closed: ['Ada'] })
    expect(check(evidence).not_closed[0]?.chatIds).toEqual([newest?.chat_id])
    const conversationId = ada.conversationId ?? ''
    evidence.deadLetters.push({ conversationId, kind: 'close', reason: 'uponai_unreachable' })
    expect(faultsIn(evidence)).toEqual({})
    // That one close left the other chat open: it says nothing of this one.
    firstChatOf(evidence).status = 'ongoing'
    expect(faultsIn(evidence)).toEqual({ not_closed: ['Ada'] })
  }
})

it('takes an open conversation without a chat for one that is closed', () => {
  const evidence = twoChats('closed', { closedAtEnd: true })
  personNamed(evidence, 'Ada').status = 'open'
  expect(faultsIn(evidence)).toEqual({})
})

it('finds a second conversation of a person', () => {
  for (const metadata of [{ conversation_id: 'conversation_second' }, null]) {
    const evidence = twoChats('closed')
    evidence.chats.push({ ...firstChatOf(evidence), chat_id: 'chat_x', metadata })
    expect(Object.keys(faultsIn(evidence))).toEqual(['unknown_conversation'])
    expect(check(evidence).unknown_conversation).toMatchObject([{ text: 'one', chatIds: ['chat_x'] }])
  }
})

it('lets a chat with words be that of somebody on the web who never heard of their conversation', () => {
  const evidence = twoChats('closed')
  evidence.chats.push({ ...firstChatOf(evidence), chat_id: 'chat_x', metadata: { conversation_id: 'unheard' } })
  const { conversationId, ...cleo } = personNamed(evidence, 'Ben')
  const untold = { ...cleo, name: 'Cleo', accepted: [], ledger: [], unclear: ['one'] }
  evidence.people.push(untold)
  expect(faultsIn(evidence)).toEqual({})
  for (const other of [
    { unclear: ['something else'] },
    { accepted: [{ text: 'one', at: 1 }] },
    { conversationId: 'another' },
    { channel: 'sms' as const },
  ]) {
    evidence.people.splice(-1, 1, { ...untold, ...other })
    expect(check(evidence).unknown_conversation).toHaveLength(1)
  }
})
