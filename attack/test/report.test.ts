import { describe, expect, test } from 'vitest'
import { KINDS, type Noticed, nothing } from '../others/measured.ts'
import { reportOf } from '../report.ts'
import type { Row } from '../row.ts'

const row: Row = { name: 'a row', attack: 'a', harmless: 'b', prepare: () => Promise.reject(new Error('not run')) }
const options = { seed: 1, seconds: 1, judgeTimes: true }

/** What others notice when everything takes so long, but for those that are named. */
function noticed(ms: number, own: Partial<Noticed['ms']> = {}, errors: string[] = []): Noticed {
  const all = nothing()
  for (const kind of KINDS) all.ms[kind].push(...(own[kind] ?? Array.from({ length: 20 }, () => ms)))
  return { ...all, errors }
}
const report = (attack: Noticed, through: string[] = []) =>
  reportOf([{ row, noticed: { harmless: [noticed(100)], attack: [attack] }, through }], options)

test('nobody notices: at most twice as long, no errors', () => {
  expect(report(noticed(199))).toMatchObject({ ok: true, json: { rows: [{ ok: true, errors: [], requests: 100 }] } })
})

describe('a row is not OK', () => {
  test.each([
    ['when one of them takes more than twice as long', noticed(100, { file: [100, 201] })],
    ['when somebody had an error', noticed(100, {}, ['web: expected 202, got 503'])],
    ['when one of them did nothing', noticed(100, { events: [] })],
  ])('%s', (_, attack) => {
    expect(report(attack).ok).toBe(false)
  })

  test('when the attacker got what it must not get, and that is said', () => {
    const { ok, lines } = report(noticed(100), ['a token'])
    expect(ok).toBe(false)
    expect(lines.join('\n')).toContain('a row: a token')
  })
})

test('without rows nothing is OK', () => {
  expect(reportOf([], options).ok).toBe(false)
})
