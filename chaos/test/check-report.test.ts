import { expect, it } from 'vitest'
import { check } from '../check/check.ts'
import { type Case, noFindings } from '../check/findings.ts'
import { reportJson, reportLines } from '../check/report.ts'

const injections = [
  { name: 'worker killed', injected: 12, from: 'runner' },
  { name: 'completion dropped', injected: 1_034 },
]

const lost = (n: number): Case => ({
  person: `person ${n}`,
  text: 'ok',
  expected: 'said',
  seen: 'nothing',
  chatIds: ['chat_1'],
  at: Date.UTC(2026, 0, 1),
})

it('shows every kind with its count, and that all is well', () => {
  const lines = reportLines(noFindings(), injections)
  expect(lines).toContain('  worker killed (runner)    12')
  expect(lines).toContain('  completion dropped      1034')
  for (const title of ['lost', 'missing from the ledger', 'overlapping completions', 'orphan chats', 'dead letters']) {
    expect(lines.filter((line) => /^ {2}(.*\S) +0$/.exec(line)?.[1] === title)).toHaveLength(1)
  }
  expect(lines.at(-1)).toBe('OK: nothing lost, nothing twice, nothing out of order.')
})

it('writes out the first cases of each kind', () => {
  const findings = {
    ...noFindings(),
    lost: Array.from({ length: 7 }, (_, n) => lost(n)),
    deliveries_unknown: [lost(9)],
  }
  const text = reportLines(findings, []).join('\n')
  expect(text).toContain('  person 0 "ok" at 2026-01-01T00:00:00.000Z [chat_1]\n    expected: said\n    seen: nothing')
  expect(text).toContain('  person 4 ')
  expect(text).not.toContain('  person 5 ')
  expect(text).toContain('  … and 2 more')
  expect(text).toContain('deliveries unknown:\n  person 9')
  expect(text).toContain('NOT OK: lost.')
})

it('gives programs all cases', () => {
  const findings = { ...noFindings(), lost: Array.from({ length: 7 }, (_, n) => lost(n)), dead_letters: [lost(9)] }
  expect(JSON.parse(JSON.stringify(reportJson(findings, injections)))).toMatchObject({
    ok: false,
    broken: ['lost'],
    faults: { lost: { count: 7, cases: findings.lost }, doubled: { count: 0, cases: [] } },
    listed: { dead_letters: { count: 1 } },
    injected: injections,
  })
  const empty = check({ people: [], chats: [], history: [], deadLetters: [], graceMs: 13_000 })
  expect(reportJson(empty, [])).toMatchObject({ ok: true, broken: [] })
})
