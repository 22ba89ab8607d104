import { expect, it } from 'vitest'
import { phoneNumber } from '../src/channels/phone-number.ts'

it.each([
  ['+14155550123', '+14155550123'],
  ['+1 (415) 555-0123', '+14155550123'],
  ['+44 20 7183 8750', '+442071838750'],
])('%s is %s', (text, number) => {
  expect(phoneNumber(text)).toBe(number)
})

it.each([
  '',
  '+',
  'hello',
  '4155550123',
  '+1415555',
  '+999123456789',
  '+14155550123;ext=3',
  'call +14155550123',
  '+14155550123 now',
])('%j is no number', (text) => {
  expect(phoneNumber(text)).toBeUndefined()
})
