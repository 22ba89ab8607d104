import fc from 'fast-check'
import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { describe, expect, test } from 'vitest'
import { SPELLED_COUNTRIES } from '../src/identity/countries.ts'
import { identityOf, personOf, spellingsOf } from '../src/identity/identity.ts'

describe.each(SPELLED_COUNTRIES)('a number of $country', ({ country, callingCode, samples, sources }) => {
  test.each(samples)('is one person in every spelling: %s', (...spellings) => {
    for (const spelling of spellings) {
      expect(spellingsOf(spelling)).toEqual(spellings)
      expect(spellingsOf(`whatsapp:${spelling}`)).toEqual(spellings.map((one) => `whatsapp:${one}`))
      expect(identityOf(`rcs:${spelling}`)).toBe(spellings[0])
    }
  })

  test('has a first spelling that the present numbering plan gives to mobile numbers', () => {
    for (const [present = ''] of samples) {
      const number = parsePhoneNumberFromString(present)
      expect(number?.country).toBe(country)
      expect(number?.getType()).toMatch(/MOBILE/)
    }
    expect(sources).not.toEqual([])
  })

  test('has one identity, that every spelling leads to and that does not change any more', () => {
    const digits = fc.stringMatching(/^\d{8,11}$/)
    fc.assert(
      fc.property(digits, (national) => {
        const address = `+${callingCode}${national}`
        const spellings = spellingsOf(address)
        expect(spellings).toContain(address)
        expect(new Set(spellings).size).toBe(spellings.length)
        for (const spelling of spellings) expect(spellingsOf(spelling)).toEqual(spellings)
        expect(identityOf(identityOf(address))).toBe(identityOf(address))
      }),
    )
  })
})

test('numbers of all other countries, short codes and names stay as they are', () => {
  const others = fc
    .stringMatching(/^[1-9]\d{6,14}$/)
    .filter((digits) => !SPELLED_COUNTRIES.some(({ callingCode }) => digits.startsWith(callingCode)))
  const mark = fc.constantFrom('', 'whatsapp:')
  fc.assert(
    fc.property(mark, others, (channel, digits) => {
      expect(spellingsOf(`${channel}+${digits}`)).toEqual([`${channel}+${digits}`])
      expect(identityOf(`${channel}+${digits}`)).toBe(`${channel}+${digits}`)
    }),
  )
  for (const text of ['12345', 'Brand', 'rcs:brand_a', 'whatsapp:MX.13491208655302741918', '', '52', 'c0_abc', '+'])
    expect(spellingsOf(text)).toEqual([text])
})

test.each([
  ['a Brazilian landline', '+551133334444'],
  ['a mobile number that was given out with nine digits', '+5511912345678'],
  ['an area code that Brazil does not have', '+552081234567'],
  ['an Ivorian landline', '+22521234567'],
  ['an Ivorian number under another operator’s digits', '+2250107123456'],
  ['a Mexican number with a digit too few', '+52551234567'],
  ['a Mexican toll-free number in Brazil’s length', '+5501234567890'],
])('%s has one spelling', (_, address) => {
  expect(spellingsOf(address)).toEqual([address])
})

test('a person is one on SMS, RCS and WhatsApp; the first two are one identity', () => {
  const addresses = ['+5215512345678', 'rcs:+525512345678', 'whatsapp:+5215512345678']
  expect(new Set(addresses.map(personOf))).toEqual(new Set(['+525512345678']))
  expect(new Set(addresses.map(identityOf))).toEqual(new Set(['+525512345678', 'whatsapp:+525512345678']))
})
