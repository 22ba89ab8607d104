import { type Case, type FindingKind, type Findings, faultKinds, listedKinds, timeOf, verdictOf } from './findings.ts'

/** How often a fault was injected; `from`: by whom, when several could (the sandbox, the proxy, the runner). */
export interface Injection {
  name: string
  injected: number
  from?: string
}

/** Cases that are written out per kind. */
const MOST_CASES = 5

const titles: Record<FindingKind, string> = {
  lost: 'lost',
  missing_from_ledger: 'missing from the ledger',
  doubled: 'doubled',
  out_of_order: 'out of order',
  given_up_but_done: 'given up, but done',
  overlapping: 'overlapping completions',
  sent_into_ended: 'sent into an ended chat',
  never_answered: 'never answered',
  pending: 'pending at the end',
  answers: 'wrong replies',
  deliveries_lost: 'deliveries lost',
  deliveries_doubled: 'deliveries doubled',
  deliveries_out_of_order: 'deliveries out of order',
  deliveries_misreported: 'deliveries with a wrong status',
  not_closed: 'conversations not closed',
  unknown_conversation: 'conversations of nobody',
  orphan_chats: 'orphan chats',
  dead_letters: 'dead letters',
  deliveries_unknown: 'deliveries unknown',
  deliveries_failed: 'deliveries failed',
  raced_with_end: "raced with a chat's end",
  left_open: 'calls left open by their callers',
}

/**
 * The lines of a report for people: what was injected, what was found, and the first cases of each fault.
 * @param idle nothing was accepted: that nothing was found says nothing
 */
export function reportLines(findings: Findings, injections: readonly Injection[], idle = false): string[] {
  const { broken } = verdictOf(findings)
  const problems = [...(idle ? ['nothing was accepted'] : []), ...broken.map((kind) => titles[kind])]
  const row = (kind: FindingKind): [string, number] => [titles[kind], findings[kind].length]
  const shown = [...broken, ...listedKinds.filter((kind) => findings[kind].length > 0)]
  return [
    'Faults injected',
    ...table(injections.map(({ name, injected, from }) => [from === undefined ? name : `${name} (${from})`, injected])),
    '',
    'Promises broken',
    ...table(faultKinds.map(row)),
    '',
    'No faults, but to be known',
    ...table(listedKinds.map(row)),
    ...shown.flatMap((kind) => ['', ...casesOf(titles[kind], findings[kind])]),
    '',
    problems.length === 0
      ? 'OK: nothing lost, nothing twice, nothing out of order.'
      : `NOT OK: ${problems.join(', ')}.`,
  ]
}

/** The same for programs, with all cases. Times in ms. */
export function reportJson(findings: Findings, injections: readonly Injection[]) {
  const part = (kinds: readonly FindingKind[]) =>
    Object.fromEntries(kinds.map((kind) => [kind, { count: findings[kind].length, cases: findings[kind] }]))
  return { ...verdictOf(findings), faults: part(faultKinds), listed: part(listedKinds), injected: injections }
}

function casesOf(title: string, cases: readonly Case[]): string[] {
  const rest = cases.length - MOST_CASES
  return [`${title}:`, ...cases.slice(0, MOST_CASES).flatMap(caseLines), ...(rest > 0 ? [`  … and ${rest} more`] : [])]
}

function caseLines({ person, text, expected, seen, chatIds, at }: Case): string[] {
  const what = text === undefined ? '' : ` ${JSON.stringify(text)}`
  const where = chatIds.length === 0 ? '' : ` [${chatIds.join(', ')}]`
  const when = at === undefined ? '' : ` at ${timeOf(at)}`
  return [`  ${person}${what}${when}${where}`, `    expected: ${expected}`, `    seen: ${seen}`]
}

function table(rows: readonly (readonly [string, number])[]): string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length))
  const digits = Math.max(0, ...rows.map(([, count]) => String(count).length))
  return rows.map(([name, count]) => `  ${name.padEnd(width)}  ${String(count).padStart(digits)}`)
}
