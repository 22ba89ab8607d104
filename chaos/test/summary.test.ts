import { expect, test } from 'vitest'
import { noFindings } from '../check/findings.ts'
import type { Run } from '../run/run.ts'
import { summaryOf } from '../summary.ts'

const run = (facts: Partial<Run>): Run => ({
  evidence: { people: [], chats: [], history: [], deadLetters: [], graceMs: 13_000 },
  injected: { 'kill-api': 3, 'redis-kill': 0, 'twilio-cut': 0 },
  accepted: 10,
  repeated: 0,
  misbehaviour: [],
  repairs: { sweeperWakes: 0, fenced: 0, takeOvers: 0 },
  listeners: { streams: 0, connections: 0, items: 0 },
  shape: '',
  latenessMs: 0,
  seconds: 1,
  ...facts,
})

const summary = (facts: Partial<Run>, minutes = 2) => summaryOf(run(facts), noFindings(), { seed: 1, minutes })

test('a run in which nothing was accepted is not OK', () => {
  expect(summary({})).toMatchObject({ ok: true, json: { ok: true } })
  const nothing = summary({ accepted: 0 })
  expect(nothing).toMatchObject({ ok: false, json: { ok: false, accepted: 0 } })
  expect(nothing.lines.at(-1)).toContain('NOT OK')
  expect(nothing.lines).not.toContain('OK: nothing lost, nothing twice, nothing out of order.')
  expect(nothing.lines).toContain('NOT OK: nothing was accepted.')
})

test('a process that was not as it must be makes a run not OK', () => {
  expect(summary({ misbehaviour: ['worker 1 ended by itself'] }).ok).toBe(false)
})

test('a run of 10 minutes names the chosen faults that never were', () => {
  const long = summary({}, 10)
  expect(long.json.not_injected).toEqual(['redis-kill', 'twilio-cut'])
  expect(long.lines).toContain('not injected: 2 of the chosen faults: redis-kill, twilio-cut')
  const short = summary({}, 9.9)
  expect(short.json.not_injected).toEqual([])
  expect(short.lines.join('\n')).not.toContain('not injected')
})
