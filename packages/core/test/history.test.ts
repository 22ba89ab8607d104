import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LedgerEntry, StoredEntry } from '../src/conversations/ledger.ts'
import { endOfKnown, findText, type Said, saidSince, spoken } from '../src/turns/history.ts'
import type { ChatMessage } from '../src/uponai/client.ts'

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
    const history = [user('same'), agent('one'), user('same'), agent('two'), agent('three')]
    expect(findText(history, 2, 'same')).toEqual({ found: true, place: 2, answers: ['two', 'three'] })
  })

  it('does not take an earlier equal text for it', () => {
    expect(findText([user('same'), agent('one')], 2, 'same')).toEqual({ found: false })
  })

  it('finds a text that has no answer yet', () => {
    expect(findText([user('q')], 0, 'q')).toEqual({ found: true, place: 0, answers: [] })
  })

  it("lays the agent's echo of a text beside what the agent said, not beside the person's next text", async () => {
    const known: Said[] = [
      { by: 'user', text: 'ok' },
      { by: 'agent', text: 'ok' },
    ]
    const look = async (history: ChatMessage[]) => findText(history, (await endOfKnown(history, 0, known)) ?? 0, 'ok')
    expect(await look([user('ok'), agent('ok')])).toEqual({ found: false })
    expect(await look([user('ok'), agent('ok'), user('ok')])).toEqual({ found: true, place: 2, answers: [] })
  })
})

it('goes by the words of the person where roles tell, whatever became of those of the agent', async () => {
  const known: Said[] = [
    { by: 'user', text: 'hi' },
    { by: 'agent', text: 'Hello' },
  ]
  const history = [user('hi'), agent('Hello!'), user('bye'), agent('Hello')]
  expect(findText(history, (await endOfKnown(history, 0, known)) ?? 0, 'bye')).toEqual({
    found: true,
    place: 2,
    answers: ['Hello'],
  })
})

it("does not take the agent's words for the person's", () => {
  expect(findText([agent('yes')], 0, 'yes')).toEqual({ found: false })
})

/** One exchange that is over: what was said, and entries (of tools, without roles) that only one side ever showed. */
const exchange = fc.record({
  text: fc.constantFrom('ok', 'yes', 'what?'),
  answers: fc.array(fc.constantFrom('ok', 'sure', 'well'), { maxLength: 2 }),
  notReturned: fc.nat({ max: 2 }),
  notStored: fc.nat({ max: 2 }),
})

it('tells whether a text is there, however the known length drifted, with equal texts and without roles', async () => {
  let drift = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(exchange, { maxLength: 12 }),
      fc.boolean(),
      fc.boolean(),
      async (exchanges, said, roles) => {
        const history: ChatMessage[] = [plain('Good morning!')]
        const known: Said[] = []
        for (const { text, answers, notReturned, notStored } of exchanges) {
          history.push(roles ? user(text) : plain(text))
          known.push({ by: 'user', text })
          for (let n = 0; n < notReturned; n++) history.push(plain(`tool ${drift++}`))
          for (let n = 0; n < notStored; n++) known.push({ by: 'agent', text: `other tool ${drift++}` })
          for (const answer of answers) {
            history.push(roles ? agent(answer) : plain(answer))
            known.push({ by: 'agent', text: answer })
          }
        }
        const place = history.length
        if (said) history.push(roles ? user('ok') : plain('ok'), roles ? agent('sure') : plain('sure'))
        const finding = findText(history, (await endOfKnown(history, 1, known)) ?? 0, 'ok')
        expect(finding).toEqual(said ? { found: true, place, answers: ['sure'] } : { found: false })
      },
    ),
  )
})

describe('what the ledger knows of a chat', () => {
  const entry = (id: string, entry: LedgerEntry): StoredEntry => ({ id, entry })
  const asked = (id: string, text: string) =>
    entry(id, { kind: 'message', role: 'user', text, channel: 'web', status: 'queued' })
  const answered = (id: string, text: string, answers?: string) =>
    entry(id, {
      kind: 'message',
      role: 'agent',
      text,
      channel: 'web',
      status: 'delivered',
      ...(answers !== undefined && { answers }),
    })
  const opened = (id: string, chatId: string) => entry(id, { kind: 'conversation', status: 'open', chatId })
  const silent = (id: string, message: string) => entry(id, { kind: 'status', message, status: 'answered' })

  const ledger = [
    opened('1-0', 'chat_1'),
    asked('2-0', 'old'),
    answered('3-0', 'old answer', '2-0'),
    asked('4-0', 'one'),
    asked('5-0', 'two'),
    opened('6-0', 'chat_2'),
    answered('7-0', 'Good morning!'),
    answered('8-0', 'first', '4-0'),
    answered('9-0', 'second', '4-0'),
    silent('10-0', '5-0'),
    asked('11-0', 'three'),
  ]

  it('is each text once, with its answers, from the opening of the chat on', () => {
    expect(saidSince(ledger, 'chat_2', '')).toEqual([
      { by: 'user', text: 'one' },
      { by: 'agent', text: 'first' },
      { by: 'agent', text: 'second' },
      { by: 'user', text: 'two' },
    ])
  })

  it('begins behind an entry at which the history was certain', () => {
    expect(saidSince(ledger, 'chat_2', '9-0')).toEqual([{ by: 'user', text: 'two' }])
  })

  it('is not to be had when the ledger was cut off behind that', () => {
    expect(saidSince(ledger.slice(6), 'chat_2', '')).toBeUndefined()
    expect(saidSince(ledger.slice(4), 'chat_2', '')).toBeUndefined()
    expect(saidSince(ledger.slice(10), 'chat_2', '9-0')).toBeUndefined()
  })
})
