import fc from 'fast-check'
import { expect, it } from 'vitest'
import { check } from '../check/check.ts'
import { type Findings, faultKinds, verdictOf } from '../check/findings.ts'
import type { Evidence } from '../evidence.ts'
import { consistentEvidence, type Step, type Story } from './consistent.ts'
import { anyStories } from './stories.ts'

/** A failing run prints its seed; CHECK_SEED=<seed> runs it again. */
const seed = Number(process.env.CHECK_SEED ?? Date.now() % 2 ** 31)

function faultsOf(findings: Findings) {
  return Object.fromEntries(
    faultKinds.filter((kind) => findings[kind].length > 0).map((kind) => [kind, findings[kind]]),
  )
}

it('finds nothing in a run that went well, whatever befell the people', () => {
  fc.assert(
    fc.property(anyStories, (stories) => {
      const findings = check(consistentEvidence(stories))
      expect(faultsOf(findings)).toEqual({})
      expect(verdictOf(findings)).toEqual({ ok: true, broken: [] })
    }),
    { seed, numRuns: 2_000 },
  )
})

const say = (text: string): Step => ({ do: 'say', text })
const story = (name: string, channel: Story['channel'], steps: Step[]): Story => {
  return { name, channel, greeting: true, burst: 2, steps, closedAtEnd: false }
}

/** A run with everything in it that may happen without a fault. */
function eventfulRun(): Evidence {
  return consistentEvidence([
    story('Ada', 'web', [say('hi'), say('ok'), { do: 'over', how: 'closed' }, say('ok'), say('ok'), say('bye')]),
    story('Ben', 'sms', [
      say('ok'),
      { do: 'say', text: 'ok', delivery: 'unknown_taken' },
      { do: 'say', text: 'ok', delivery: 'unknown_lost' },
      { do: 'over', how: 'webhook' },
      { do: 'say', text: 'ok', delivery: 'failed' },
      { do: 'say', text: 'yes', delivery: 'undelivered' },
    ]),
    story('Cleo', 'web', [
      { do: 'say', text: 'ok', end: 'dead_said' },
      { do: 'unclear', text: 'ok', stored: true },
      { do: 'unclear', text: 'ok', stored: false },
      { do: 'over', how: 'unheard' },
      { do: 'say', text: 'ok', tools: true },
      { do: 'say', text: 'never', end: 'dead_unsaid' },
      say('ok'),
    ]),
  ])
}

it('lists dead letters, unknown and failed deliveries with their reasons, and calls none of them a fault', () => {
  const findings = check(eventfulRun())
  expect(faultsOf(findings)).toEqual({})
  expect(findings.dead_letters.map(({ person, text, seen }) => [person, text, seen])).toEqual([
    ['Cleo', 'ok', 'given up: no_answer'],
    ['Cleo', 'never', 'given up: uponai_rejected'],
  ])
  expect(findings.deliveries_unknown.map(({ person, text }) => [person, text])).toEqual([
    ['Ben', 'echo: ok'],
    ['Ben', 'echo: ok'],
  ])
  expect(findings.deliveries_failed.map(({ person, text, seen }) => [person, text, seen])).toEqual([
    ['Ben', 'echo: ok', expect.stringMatching(/^failed in the ledger \(.*\): 21610$/)],
    ['Ben', 'echo: yes', expect.stringMatching(/^undelivered in the ledger/)],
  ])
})
