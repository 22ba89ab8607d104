import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { codeOfReason, reasonOfCode, titleOfCode, twilioCodes } from '../src/channels/twilio/codes.ts'
import { nextPacificDay } from '../src/channels/twilio/pacific-day.ts'
import { classify } from '../src/channels/twilio/sms-error.ts'
import { reasonText } from '../src/conversations/reasons.ts'

const page = readFileSync(new URL('../../../docs/twilio.md', import.meta.url), 'utf8')

test('the page names every code once, with its scope and class', () => {
  const [, table = ''] = page.split('<!-- codes -->')
  const rows = [...table.matchAll(/^\| ([\d, ]+) \| (\w+) \| (\w+) \|/gm)]
  const named = rows.flatMap(([, codes = '', scope, kind]) =>
    codes.split(', ').map((code) => [Number(code), scope, kind]),
  )
  const known = [...twilioCodes].map(([code, entry]) => [code, entry.scope, entry.class])
  const byCode = (a: unknown[], b: unknown[]) => Number(a[0]) - Number(b[0])
  expect(named.toSorted(byCode)).toEqual(known.toSorted(byCode))
})

test('what Twilio’s own words say of the recipient as well holds up no sender', () => {
  for (const [code, { scope, holdMs }] of twilioCodes) {
    const title = titleOfCode(code) ?? ''
    if (/destination|current combination|'From' and 'To' pair|recipient/.test(title)) {
      expect([code, scope]).not.toEqual([code, 'sender'])
      expect([code, holdMs]).toEqual([code, undefined])
    }
  }
})

test('only what is about a sender or the account makes anything but its own message wait', () => {
  for (const [code, { scope, holdMs, class: kind }] of twilioCodes) {
    const isWide = scope === 'sender' || scope === 'account'
    if (holdMs !== undefined || kind === 'account' || kind === 'sender') expect([code, isWide]).toEqual([code, true])
  }
})

test.each([...twilioCodes])('%i has a sentence for people', (code, { words }) => {
  expect(words).toMatch(/^[A-Z].*\.$/)
  expect(reasonText(reasonOfCode(code))).toBe(words)
})

test('a reason leads back to its code', () => {
  for (const [code, entry] of twilioCodes) expect(codeOfReason(reasonOfCode(code))).toEqual({ code, entry })
  expect(codeOfReason('attempts_exhausted')).toBeUndefined()
  expect(codeOfReason('')).toBeUndefined()
})

test('a code that nobody knows is told with the place where Twilio explains it', () => {
  expect(reasonText('twilio_39999')).toContain('https://www.twilio.com/docs/api/errors/39999')
  expect(reasonText('no such reason')).toBeUndefined()
})

test('what may have arrived is never sent again', () => {
  expect(twilioCodes.get(30410)?.again).toBeUndefined()
})

test('nothing is sent again more than twice, or refused for longer than four hours', () => {
  for (const { again, patienceMs = 0 } of twilioCodes.values()) {
    expect(again?.times ?? 0).toBeLessThanOrEqual(2)
    expect(patienceMs).toBeLessThanOrEqual(4 * 3_600_000)
  }
})

describe('an error of a create', () => {
  const refused = (code: number | undefined, status = 400) => {
    const { handling, reason } = classify({ status, ...(code !== undefined && { code }) })
    return [handling, reason]
  }
  it.each([
    [21610, 'permanent', 'opted_out'],
    [21614, 'permanent', 'twilio_21614'],
    [21408, 'permanent', 'twilio_21408'],
    [21611, 'retry_after', 'twilio_21611'],
    [14107, 'retry_after', 'twilio_14107'],
    [21606, 'permanent', 'twilio_21606'],
    [21659, 'retry_after', 'twilio_21659'],
    [21660, 'retry_after', 'twilio_21660'],
    [21661, 'retry_after', 'twilio_21661'],
    [21635, 'permanent', 'twilio_21635'],
    [21703, 'permanent', 'twilio_21703'],
    [63007, 'retry_after', 'twilio_63007'],
    [20005, 'credentials', 'credentials'],
    [20429, 'retry_after', 'throttled'],
    [20500, 'unclear', 'unclear'],
    // Nobody knows it: by its status.
    [29999, 'permanent', 'twilio_29999'],
  ])('%i', (code, handling, reason) => {
    expect(refused(code)).toEqual([handling, reason])
  })

  it('of Twilio itself is unclear, whatever its code', () => {
    expect(refused(29999, 500)).toEqual(['unclear', 'unclear'])
    expect(refused(21614, 503)).toEqual(['unclear', 'unclear'])
    expect(refused(undefined, 402)).toEqual(['credentials', 'credentials'])
    expect(refused(undefined, 403)).toEqual(['credentials', 'credentials'])
    expect(refused(undefined, 404)).toEqual(['permanent', 'twilio_http_404'])
  })
})

it.each([
  ['2026-01-15T12:00:00Z', '2026-01-16T08:00:00.000Z'],
  ['2026-01-15T07:59:59Z', '2026-01-15T08:00:00.000Z'],
  ['2026-07-01T06:59:59Z', '2026-07-01T07:00:00.000Z'],
  ['2026-07-01T07:00:00Z', '2026-07-02T07:00:00.000Z'],
  // The clocks change in the night.
  ['2026-03-08T12:00:00Z', '2026-03-09T07:00:00.000Z'],
  ['2026-11-01T12:00:00Z', '2026-11-02T08:00:00.000Z'],
  ['2026-12-31T20:00:00Z', '2027-01-01T08:00:00.000Z'],
])('behind %s T-Mobile begins its next day at %s', (now, expected) => {
  expect(new Date(nextPacificDay(Date.parse(now))).toISOString()).toBe(expected)
})
