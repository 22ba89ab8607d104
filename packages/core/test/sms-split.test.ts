import fc from 'fast-check'
import { expect, it } from 'vitest'
import { splitText } from '../src/channels/twilio/split.ts'

const squeezed = (text: string) => text.replace(/\s+/g, '')

it('cuts any text into parts that fit and loses nothing but white space', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.integer({ min: 20, max: 60 }), (text, most) => {
      const parts = splitText(text, most)
      expect(parts.every((part) => part.length <= most)).toBe(true)
      expect(squeezed(parts.join(''))).toBe(squeezed(text))
    }),
  )
})

it('leaves a text that fits as it is, white space included', () => {
  const text = ` a${'b'.repeat(97)} `
  expect(splitText(text, 100)).toEqual([text])
})

it('cuts at the last space that fits', () => {
  expect(splitText('one two three four', 9)).toEqual(['one two', 'three', 'four'])
})

it('keeps a grapheme whole where there is no space', () => {
  const family = '👨‍👩‍👧‍👦'
  const parts = splitText(family.repeat(10), 25)
  expect(parts.every((part) => part.length % family.length === 0)).toBe(true)
  expect(parts.join('')).toBe(family.repeat(10))
})
