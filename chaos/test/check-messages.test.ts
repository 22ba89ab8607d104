import { expect, it } from 'vitest'
import { check } from '../check/check.ts'
import type { Evidence, LedgerEvidence } from '../evidence.ts'
import { consistentEvidence, type Step } from './consistent.ts'
import { chatsOf, faultsIn, isFromUser, isReply, personNamed, remove } from './damage.ts'

/** Damages at messages that need an exact place; the random ones are in check-damage.property.test.ts. */

const say = (text: string, end?: Extract<Step, { do: 'say' }>['end']): Step => ({
  do: 'say',
  text,
  ...(end && { end }),
})
const unclear = (text: string, stored: boolean): Step => ({ do: 'unclear', text, stored })

function ada(...steps: Step[]): Evidence {
  return consistentEvidence([
    { name: 'Ada', channel: 'web', greeting: false, burst: 1, steps, closedAtEnd: false },
    { name: 'Ben', channel: 'web', greeting: true, burst: 1, steps: [say('ok'), say('ok')], closedAtEnd: true },
  ])
}

/** The person's texts at UponAI, in her first chat. */
function texts(evidence: Evidence) {
  const [chat] = chatsOf(evidence, personNamed(evidence, 'Ada'))
  if (!chat) throw new Error('no chat')
  return chat.messages
}

function dropSaid(evidence: Evidence, text: string): void {
  const messages = texts(evidence)
  messages.splice(
    messages.findLastIndex(({ role, content }) => role === 'user' && content === text),
    1,
  )
}

function sayAgain(evidence: Evidence, text: string): void {
  const messages = texts(evidence)
  messages.push({ role: 'user', content: text, message_id: 'msg_again', created_timestamp: Date.UTC(2026, 0, 2) })
}

function entry(evidence: Evidence, text: string, fits = isFromUser): LedgerEvidence {
  const found = personNamed(evidence, 'Ada').ledger.findLast((each) => fits(each) && each.text === text)
  if (!found) throw new Error(`no ${text}`)
  return found
}

function dropEntry(evidence: Evidence, text: string, fits = isFromUser): void {
  remove(personNamed(evidence, 'Ada').ledger, entry(evidence, text, fits))
}

it('says what was expected, what was seen, where and when', () => {
  const evidence = ada(say('ok'), say('what is this?'), say('ok'))
  dropSaid(evidence, 'what is this?')
  expect(check(evidence).lost).toEqual([
    {
      person: 'Ada',
      text: 'what is this?',
      expected: 'said to UponAI right after "ok", a dead letter, or waiting',
      seen: `none of these; answered in the ledger (${entry(evidence, 'what is this?').id})`,
      chatIds: ['conversation_0_chat_1'],
      at: personNamed(evidence, 'Ada').accepted[1]?.at,
    },
  ])
})

it('tells one loss among many equal texts from a shift of all that follow', () => {
  const evidence = ada(...Array.from({ length: 20 }, (_, n) => say(n % 3 === 0 ? 'yes' : 'ok')))
  dropSaid(evidence, 'yes')
  expect(faultsIn(evidence)).toEqual({ lost: ['Ada'] })
})

it('names of equal texts as lost the one that is not answered', () => {
  const evidence = ada(say('ok'), say('ok'), say('ok'))
  texts(evidence).splice(2, 2)
  const second = personNamed(evidence, 'Ada').ledger.filter(isFromUser)[1]
  if (second) second.status = 'queued'
  dropEntry(evidence, 'echo: ok', isReply)
  expect(faultsIn(evidence)).toEqual({ lost: ['Ada'] })
  expect(check(evidence).lost[0]?.seen).toContain(second?.id)
})

it('finds one loss in a conversation of twenty thousand messages', () => {
  const evidence = ada(...Array.from({ length: 20_000 }, () => say('ok')), say('bye'))
  texts(evidence).splice(10_000, 1)
  expect(faultsIn(evidence)).toEqual({ lost: ['Ada'] })
})

it('finds a message that is nowhere at all', () => {
  const evidence = ada(say('hi'), say('ok'))
  dropSaid(evidence, 'hi')
  dropEntry(evidence, 'hi')
  dropEntry(evidence, 'echo: hi', isReply)
  expect(faultsIn(evidence)).toEqual({ lost: ['Ada'], missing_from_ledger: ['Ada'] })
})

it('finds a text that went from one chat to the next at its wrong place', () => {
  const evidence = ada(say('one'), { do: 'over', how: 'closed' }, say('two'), say('three'))
  const [first, second] = chatsOf(evidence, personNamed(evidence, 'Ada'))
  const [moved] = first?.messages.splice(0, 1) ?? []
  if (moved) second?.messages.push(moved)
  expect(faultsIn(evidence)).toEqual({ out_of_order: ['Ada'] })
})

it('puts chats into the order in which they began', () => {
  const evidence = ada(say('one'), { do: 'over', how: 'closed' }, say('two'))
  evidence.chats.reverse()
  expect(faultsIn(evidence)).toEqual({})
})

it('finds a message that is given up by its status, without a dead letter', () => {
  const said = ada(say('hi'), say('ok', 'dead_said'))
  said.deadLetters = []
  expect(faultsIn(said)).toEqual({ never_answered: ['Ada'] })
  const unsaid = ada(say('hi'), say('ok', 'dead_unsaid'))
  unsaid.deadLetters = []
  expect(faultsIn(unsaid)).toEqual({ lost: ['Ada'] })
})

it('finds a message that is answered and a dead letter', () => {
  const evidence = ada(say('hi'), say('ok', 'dead_said'))
  personNamed(evidence, 'Ada').ledger.push({
    id: '1767312000000-0',
    role: 'agent',
    text: 'echo: ok',
    status: 'delivered',
  })
  expect(faultsIn(evidence)).toEqual({ answers: ['Ada'] })
})

it('takes the dead letter of another message for no excuse', () => {
  const evidence = ada(say('ok', 'dead_unsaid'), say('hi'), say('ok'))
  dropSaid(evidence, 'ok')
  expect(faultsIn(evidence)).toEqual({ lost: ['Ada'] })
})

it('finds a reply to nothing', () => {
  const evidence = ada(say('hi'))
  personNamed(evidence, 'Ada').ledger.push({
    id: '1767312000000-0',
    role: 'agent',
    text: 'echo: what',
    status: 'delivered',
  })
  expect(faultsIn(evidence)).toEqual({ answers: ['Ada'] })
})

it('finds a message that was given up as never said, and was said', () => {
  for (const reason of ['attempts_exhausted', 'uponai_rejected', 'no_answer', 'outcome_unknown']) {
    const evidence = ada(say('hi', 'dead_unsaid'), say('ok'))
    for (const letter of evidence.deadLetters) letter.reason = reason
    expect(faultsIn(evidence)).toEqual({})
    sayAgain(evidence, 'hi')
    const maybe = reason === 'no_answer' || reason === 'outcome_unknown'
    expect(faultsIn(evidence)).toEqual(maybe ? {} : { given_up_but_done: ['Ada'] })
  }
})

it('takes of equal texts that were given up the one that may have been said, or one of unclear outcome, for the one that was', () => {
  const twice = ada(say('ok', 'dead_unsaid'), say('ok', 'dead_said'))
  expect(faultsIn(twice)).toEqual({})
  sayAgain(twice, 'ok')
  expect(faultsIn(twice)).toEqual({ given_up_but_done: ['Ada'] })
  const untold = ada(say('hi'), say('ok', 'dead_unsaid'), unclear('ok', false))
  sayAgain(untold, 'ok')
  expect(faultsIn(untold)).toEqual({})
  sayAgain(untold, 'ok')
  expect(faultsIn(untold)).toEqual({ given_up_but_done: ['Ada'] })
})

it('lets a message of unclear outcome be there or not, but not twice', () => {
  for (const stored of [true, false]) {
    const evidence = ada(say('hi'), unclear('ok', stored), say('bye'))
    expect(faultsIn(evidence)).toEqual({})
    sayAgain(evidence, 'ok')
    expect(faultsIn(evidence)).toEqual(stored ? { doubled: ['Ada'] } : {})
    sayAgain(evidence, 'ok')
    expect(faultsIn(evidence)).toEqual({ doubled: stored ? ['Ada', 'Ada'] : ['Ada'] })
  }
})

it('holds a message of unclear outcome that is in the ledger to its place, to being said and to its answer', () => {
  const steps = [say('hi'), unclear('ok', true), say('bye')]
  const later = ada(...steps)
  dropSaid(later, 'ok')
  sayAgain(later, 'ok')
  expect(faultsIn(later)).toEqual({ out_of_order: ['Ada'] })
  const unsaid = ada(...steps)
  dropSaid(unsaid, 'ok')
  expect(faultsIn(unsaid)).toEqual({ lost: ['Ada'] })
  const unanswered = ada(...steps)
  entry(unanswered, 'ok').status = 'queued'
  dropEntry(unanswered, 'echo: ok', isReply)
  expect(faultsIn(unanswered)).toEqual({ never_answered: ['Ada'] })
})

it('tells a lost ledger entry from one of unclear outcome with the same text', () => {
  const evidence = ada(unclear('ok', true), say('hi'), unclear('yes', true), say('ok'), say('bye'))
  dropEntry(evidence, 'ok')
  expect(faultsIn(evidence)).toEqual({ missing_from_ledger: ['Ada'] })
})

it('takes a message that the ledger lost and that was given up for a dead letter all the same', () => {
  const evidence = ada(say('hi'), say('ok', 'dead_unsaid'))
  dropEntry(evidence, 'ok')
  expect(faultsIn(evidence)).toEqual({ missing_from_ledger: ['Ada'] })
})

it('names what waits at the end, said or not', () => {
  for (const said of [true, false]) {
    const evidence = ada(say('ok'), say('hi'), say('ok'))
    entry(evidence, 'ok').status = 'queued'
    dropEntry(evidence, 'echo: ok', isReply)
    if (!said) dropSaid(evidence, 'ok')
    personNamed(evidence, 'Ada').pending = 1
    expect(faultsIn(evidence)).toEqual({ pending: ['Ada'] })
    expect(check(evidence).pending[0]).toMatchObject({ text: 'ok', seen: expect.stringContaining('still in the lane') })
  }
})

it('takes only as many as wait for waiting: the last ones', () => {
  const evidence = ada(say('one'), say('two'))
  for (const text of ['one', 'two']) {
    entry(evidence, text).status = 'queued'
    dropEntry(evidence, `echo: ${text}`, isReply)
  }
  personNamed(evidence, 'Ada').pending = 1
  expect(faultsIn(evidence)).toEqual({ never_answered: ['Ada'], pending: ['Ada'] })
  expect(check(evidence).never_answered[0]?.text).toBe('one')
})

it('finds items in a lane of which the ledger knows nothing', () => {
  const evidence = ada(say('one'))
  personNamed(evidence, 'Ada').pending = 2
  expect(faultsIn(evidence)).toEqual({ pending: ['Ada'] })
})

it('lets a message of unclear outcome be anywhere only beside one that the ledger does not have', () => {
  const evidence = ada(say('hi'), say('gone'), say('one'), unclear('ok', true), say('two'))
  dropEntry(evidence, 'gone')
  dropSaid(evidence, 'ok')
  sayAgain(evidence, 'ok')
  expect(faultsIn(evidence)).toEqual({ missing_from_ledger: ['Ada'], out_of_order: ['Ada'] })
})

it('takes the dead letter of a delivery for no excuse', () => {
  const evidence = ada(say('hi'), say('ok'))
  dropEntry(evidence, 'ok')
  dropSaid(evidence, 'ok')
  dropEntry(evidence, 'echo: ok', isReply)
  const conversationId = personNamed(evidence, 'Ada').conversationId ?? ''
  evidence.deadLetters.push({ conversationId, messageId: '1-0', kind: 'delivery', text: 'ok', reason: 'failed' })
  expect(faultsIn(evidence)).toEqual({ lost: ['Ada'], missing_from_ledger: ['Ada'] })
})
