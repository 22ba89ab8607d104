import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { titleOfCode, twilioCodes } from '../../packages/core/src/channels/twilio/codes.ts'
import { differences, titlesOf, withoutRule } from '../twilio-codes/compare.ts'

const file = new URL('../../packages/core/src/channels/twilio/code-titles.json', import.meta.url)
const kept = z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(file, 'utf8')))

test('every code of Twilio’s list that may be about a message has a rule', () => {
  expect(withoutRule(kept, twilioCodes)).toEqual([])
})

test('every rule is about a code that Twilio lists', () => {
  expect([...twilioCodes.keys()].filter((code) => titleOfCode(code) === undefined)).toEqual([])
})

test('a new list shows what is new, what says something else, and what has no rule', () => {
  const text = JSON.stringify([
    { code: 21610, message: 'Attempt to send to\n unsubscribed recipient', product: 'SMS' },
    { code: 21606, message: 'Something else' },
    { code: 30099, message: 'Of next year' },
    { code: 45001, message: 'Of another product' },
  ])
  const titles = titlesOf(text)
  expect(differences({ 21606: 'The sender', 21610: 'Attempt to send to unsubscribed recipient' }, titles)).toEqual([
    '21606  The sender  ->  Something else',
    '30099  (new)  ->  Of next year',
  ])
  expect(withoutRule(titles, twilioCodes)).toEqual([30099])
})
