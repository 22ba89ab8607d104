import { scrape, total } from '@chatlane/dev'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Stage, stage } from './stage.ts'

const parts = Array.from({ length: 500 }, (_, i) => `part ${i}`)

let s: Stage
beforeAll(async () => {
  s = await stage({})
  await s.sandbox.setScript({
    rules: [
      { text: 'a whole document', answer: ['word '.repeat(20_000).trimEnd(), 'and another'] },
      { text: 'no spaces', answer: ['😀'.repeat(50_000)] },
      { text: 'without end', answer: parts },
      { text: 'just so', answer: ['x'.repeat(16_000)] },
    ],
  })
})
afterAll(() => s.stop())

/** What Twilio was asked to send to a number, in order. */
async function sentTo(number: string): Promise<string[]> {
  const entries = await s.sandbox.history({ kind: 'twilio' })
  return entries.flatMap((entry) =>
    entry.kind === 'twilio' && entry.operation === 'message-create' && entry.to === number ? [entry.body ?? ''] : [],
  )
}

async function answersTo(from: string, text: string): Promise<string[]> {
  const conversation = await s.text(from, text)
  const items = await s.settled(conversation)
  expect(items[0]).toMatchObject({ role: 'user', status: 'answered' })
  return items.slice(1).map((item) => item.text)
}

test('of an answer of 100 kB a person gets the beginning, with a mark at its end', async () => {
  const [answer = '', ...more] = await answersTo('+14155550151', 'a whole document')
  expect(more).toEqual([])
  expect(answer).toMatch(/^(word )+…$/)
  expect(answer.length).toBeGreaterThan(15_900)
  const sent = await sentTo('+14155550151')
  expect(sent.length).toBeLessThanOrEqual(12)
  expect(sent.join(' ')).toBe(answer)
})

test('no character is cut in halves', async () => {
  const [answer = ''] = await answersTo('+14155550152', 'no spaces')
  expect(answer).toMatch(/^(😀){8000} …$/u)
})

test('of an answer in 500 messages a person gets twenty', async () => {
  expect(await answersTo('+14155550153', 'without end')).toEqual([...parts.slice(0, 19), 'part 19 …'])
  expect(await sentTo('+14155550153')).toHaveLength(20)
})

test('an answer within bounds is as it was, and what was cut is counted', async () => {
  const cut = async () => total(await scrape(s.workerUrl), 'chatlane_answers_cut_total') ?? 0
  const before = await cut()
  expect(await answersTo('+14155550154', 'just so')).toEqual(['x'.repeat(16_000)])
  expect(await cut()).toBe(before)
  await answersTo('+14155550154', 'without end')
  expect(await cut()).toBe(before + 1)
})

test('the conversation goes on behind a cut answer, in the same chat', async () => {
  await answersTo('+14155550155', 'a whole document')
  const conversation = await s.text('+14155550155', 'and then?')
  expect((await s.settled(conversation)).at(-1)).toMatchObject({ role: 'agent', text: 'echo: and then?' })
  const chats = await s.sandbox.chats()
  expect(chats.filter(({ metadata }) => metadata?.conversation_id === conversation.id)).toMatchObject([
    { completions: 2 },
  ])
})
