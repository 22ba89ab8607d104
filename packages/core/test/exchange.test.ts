import { describe, expect, test } from 'vitest'
import { type Exchange, isLoop, printOf, readExchange, withMessage, written } from '../src/turns/exchange.ts'

interface Said {
  text: string
  /** From our last answer to this message, ms; negative: it came before it. */
  after: number
  /** What we answer; nothing when it is dropped. */
  answer?: string
}

/** Which of the messages are dropped, by their place from 1. */
function dropped(messages: readonly Said[]): number[] {
  const places: number[] = []
  let stored: string | undefined
  let now = 1_700_000_000_000
  for (const [i, { text, after, answer = 'Thank you.' }] of messages.entries()) {
    const exchange = withMessage(readExchange(stored), text, now + after)
    now += Math.max(after, 0) + 500
    const isDropped = isLoop(exchange)
    if (isDropped) places.push(i + 1)
    const next: Exchange = { ...exchange, at: now, ...(!isDropped && { said: printOf(answer) }) }
    stored = written(next)
    expect(stored.length).toBeLessThanOrEqual(64)
  }
  return places
}

const times = (count: number, of: (i: number) => Said) => Array.from({ length: count }, (_, i) => of(i))

describe('a machine', () => {
  test('that sends the same text again and again is answered 15 times', () => {
    expect(dropped(times(20, () => ({ text: 'I am out of office.', after: 30_000 })))).toEqual([16, 17, 18, 19, 20])
  })

  test('is known by its text in spite of a time or a number in it', () => {
    const text = (i: number) => `Your request ${4_711 + i} was received at 10:${10 + i}.`
    expect(dropped(times(18, (i) => ({ text: text(i), after: 2_000 })))).toEqual([16, 17, 18])
  })

  test('that sends back what we say is capped as well', () => {
    const answers = times(16, (i) => ({
      text: `echo ${i}: and so on`,
      after: 1_000,
      answer: `echo ${i + 1}: and so on`,
    }))
    expect(dropped(answers)).toEqual([16])
    const short = times(16, (i) => ({ text: `no ${i}`, after: 1_000, answer: `no ${i + 1}` }))
    expect(dropped(short)).toEqual([16])
  })

  test('that always has something new to say at once is answered 100 times, until it is quiet for a minute', () => {
    const talk = times(103, (i) => ({ text: `word ${'x'.repeat(i)}`, after: 1_500 }))
    expect(dropped(talk)).toEqual([101, 102, 103])
    expect(dropped([...talk, { text: 'later', after: 30_000 }])).toEqual([101, 102, 103, 104])
    expect(dropped([...talk, { text: 'much later', after: 61_000 }])).toEqual([101, 102, 103])
  })

  test('that is heard of again after ten minutes begins anew', () => {
    const first = times(18, () => ({ text: 'I am out of office.', after: 30_000 }))
    expect(dropped([...first, { text: 'I am out of office.', after: 601_000 }])).toEqual([16, 17, 18])
  })
})

describe('a person', () => {
  test.each<[string, Said[], number[]?]>([
    ['who asks the same a few times', times(10, () => ({ text: 'Hello??', after: 8_000 }))],
    [
      'who says something else after many repeats',
      [...times(18, () => ({ text: 'ok', after: 9_000 })), { text: 'And now?', after: 9_000 }],
      [16, 17, 18],
    ],
    ['who writes twenty messages before we answer', times(20, (i) => ({ text: `part ${'x'.repeat(i)}`, after: -100 }))],
    ['who answers a long list of questions at once', times(60, (i) => ({ text: String(i % 5), after: 2_500 }))],
    [
      'who chats for hours, with pauses to read',
      times(300, (i) => ({ text: `and ${'y'.repeat(i)}`, after: 4_000 + 2_500 * (i % 3) })),
    ],
    ['whose messages waited for hours', times(40, () => ({ text: 'Hello??', after: -3_600_000 }))],
    ['who pages through a list', times(15, () => ({ text: 'Next', after: 3_000 }))],
  ])('%s is answered', (_, messages, repeats = []) => {
    expect(dropped(messages)).toEqual(repeats)
  })
})

test.each([undefined, '', 'garbage', '1 2 3', '-1 2 3 a b'])('a stored %j begins anew', (stored) => {
  expect(readExchange(stored)).toBeUndefined()
})
