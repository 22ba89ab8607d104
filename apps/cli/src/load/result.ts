import { noneEnded } from './check/check.ts'
import type { Finding, FindingKind } from './check/evidence.ts'
import { findingKinds } from './check/evidence.ts'
import { Latencies, type LatencySummary } from './latencies.ts'
import type { LoadSettings } from './settings.ts'
import type { Tally } from './tally.ts'
import type { Watched } from './watch.ts'

/** What became of one message; times in ms since the start, on this machine's clock. */
export interface Outcome {
  plannedAt: number
  acceptedAt?: number
  answeredAt?: number
}

export interface LoadResult {
  /** Everything accepted is there once, in order, with its end; and something was answered. */
  ok: boolean
  run: string
  startedAt: Date
  /** How long was written. */
  durationMs: number
  interrupted: boolean
  settings: LoadSettings
  people: { web: number; sms: number }
  counts: {
    due: number
    accepted: number
    refused: number
    unclear: number
    /** Of the unclear ones. */
    unclear_there: number
    repeated: number
    answered: number
    dead_lettered: number
    dropped: number
    moved: number
    handed_off: number
  }
  found: Record<FindingKind, number>
  findings: Finding[]
  /** Why messages were not accepted, and why they were sent again: by status. */
  failedBy: Record<string, number>
  repeatedBy: Record<string, number>
  acceptance: LatencySummary
  answer: LatencySummary
  lateness: LatencySummary
  outcomes: Outcome[]
}

export interface RunRecord extends Pick<LoadResult, 'settings' | 'run' | 'startedAt' | 'durationMs' | 'interrupted'> {
  tally: Tally
  people: readonly Watched[]
}

/** Sums up a run that is over and checked. */
export function resultOf({ tally, people, ...run }: RunRecord): LoadResult {
  const findings = people.flatMap(({ checked }) => checked?.findings ?? [])
  const sent = people.flatMap(({ person }) => person.sent)
  const ended = noneEnded()
  let unclearThere = 0
  for (const { checked } of people) {
    if (!checked) continue
    unclearThere += checked.unclearThere
    ended.answered += checked.ended.answered
    ended.failed += checked.ended.failed
    ended.dropped += checked.ended.dropped
    ended.moved += checked.ended.moved
    ended.handed_off += checked.ended.handed_off
  }
  const answer = new Latencies()
  const outcomes = people.flatMap(outcomesOf)
  for (const { plannedAt, answeredAt } of outcomes) if (answeredAt !== undefined) answer.add(answeredAt - plannedAt)
  const { accepted, due, repeated, failedBy, repeatedBy, acceptance, lateness } = tally
  const { failed, ...otherEnds } = ended
  return {
    ok: ended.answered > 0 && findings.length === 0,
    ...run,
    people: { web: people.filter(isOn('web')).length, sms: people.filter(isOn('sms')).length },
    counts: {
      due,
      accepted,
      refused: sent.filter(({ outcome }) => outcome === 'refused').length,
      unclear: sent.filter(({ outcome }) => outcome === 'unclear').length,
      unclear_there: unclearThere,
      repeated,
      dead_lettered: failed,
      ...otherEnds,
    },
    found: countFindings(findings),
    findings,
    failedBy,
    repeatedBy,
    acceptance: acceptance.summary(),
    answer: answer.summary(),
    lateness: lateness.summary(),
    outcomes,
  }
}

/**
 * Two clocks, neither of which has to be right: until the acceptance this machine's, and from the message in the ledger to its
 * answer there that of the deployment's Redis.
 */
function outcomesOf({ person, checked }: Watched): Outcome[] {
  const afterMs = new Map(checked?.answers.map(({ message, afterMs }) => [message, afterMs]))
  return person.sent.map((message) => {
    const { plannedAt, outcome, settledAt } = message
    const after = afterMs.get(message)
    return {
      plannedAt,
      ...(outcome === 'accepted' && { acceptedAt: settledAt }),
      ...(after !== undefined && { answeredAt: settledAt + after }),
    }
  })
}

function isOn(channel: 'web' | 'sms') {
  return ({ person }: Watched) => person.channel === channel && person.sent.length > 0
}

function countFindings(findings: readonly Finding[]): Record<FindingKind, number> {
  const counts = { lost: 0, doubled: 0, out_of_order: 0, wrong_answer: 0, unanswered: 0, unexpected: 0, not_checked: 0 }
  for (const kind of findingKinds) counts[kind] = findings.filter((finding) => finding.kind === kind).length
  return counts
}
