import Table from 'cli-table3'
import { KINDS, type Kind, median, p95 } from './others/measured.ts'
import type { Outcome } from './run/run.ts'

/** Beside an attack others may take at most so many times as long as beside somebody harmless. */
const MOST_RATIO = 2

/** Below it a difference is the machine's. */
const NOISE_MS = 25

interface Judged {
  name: string
  attack: string
  harmless: string
  p95_ms: Record<Kind, { harmless: number; attack: number; ratio: number }>
  requests: number
  errors: string[]
  got_through: string[]
  ok: boolean
}

export interface Report {
  ok: boolean
  /** For people. */
  lines: string[]
  /** The same as Markdown, for docs/security.md. */
  markdown: string
  /** For programs. */
  json: { ok: boolean; seed: number; seconds: number; rows: Judged[] }
}

/**
 * Ok: nobody else had an error or took more than twice as long, and no attacker got what it must not get.
 * @param judgeTimes false: nothing was measured beside somebody harmless, and times are not judged
 */
export function reportOf(
  outcomes: readonly Outcome[],
  { seed, seconds, judgeTimes }: { seed: number; seconds: number; judgeTimes: boolean },
): Report {
  const rows = outcomes.map((outcome) => judge(outcome, judgeTimes))
  const ok = rows.length > 0 && rows.every((row) => row.ok)
  const head = ['attack', ...KINDS.map((kind) => `${kind}, ms`), 'errors', 'got through', '']
  const cells = rows.map((row) => [
    row.name,
    ...KINDS.map((kind) =>
      judgeTimes ? `${row.p95_ms[kind].harmless} → ${row.p95_ms[kind].attack}` : String(row.p95_ms[kind].attack),
    ),
    `${row.errors.length} of ${row.requests}`,
    String(row.got_through.length),
    row.ok ? '✔' : '✘',
  ])
  const table = new Table({ head, style: { head: [], border: [] } })
  table.push(...cells)
  const complaints = rows.flatMap(({ name, errors, got_through }) =>
    [...counted(errors), ...got_through].map((what) => `  ${name}: ${what}`),
  )
  const lines = [
    table.toString(),
    judgeTimes
      ? 'p95 of others beside somebody harmless who is as busy → beside the attack, medians of the rounds'
      : 'p95 of others beside the attack',
    ...complaints,
    `seed ${seed}: ${ok ? 'OK, nobody else noticed' : 'NOT OK'}`,
  ]
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`
  const markdown = [line(head), line(head.map(() => '---')), ...cells.map(line)].join('\n')
  return { ok, lines, markdown, json: { ok, seed, seconds, rows } }
}

function judge({ row, noticed, through }: Outcome, judgeTimes: boolean): Judged {
  const times = (kind: Kind) => {
    const rounds = noticed.attack.map(({ ms }, round) => {
      const harmless = p95(noticed.harmless[round]?.ms[kind] ?? [])
      const attack = p95(ms[kind])
      return { harmless, attack, ratio: attack / Math.max(harmless, NOISE_MS) }
    })
    return {
      harmless: Math.round(median(rounds.map(({ harmless }) => harmless))),
      attack: Math.round(median(rounds.map(({ attack }) => attack))),
      ratio: Number(median(rounds.map(({ ratio }) => ratio)).toFixed(2)),
    }
  }
  const all: Judged['p95_ms'] = {
    web: times('web'),
    twilio: times('twilio'),
    answer: times('answer'),
    events: times('events'),
    file: times('file'),
  }
  const errors = noticed.attack.flatMap((round) => round.errors)
  const rounds = judgeTimes ? [...noticed.attack, ...noticed.harmless] : noticed.attack
  const measured = rounds.length > 0 && rounds.every(({ ms }) => KINDS.every((kind) => ms[kind].length > 0))
  const inTime = !judgeTimes || KINDS.every((kind) => all[kind].ratio <= MOST_RATIO)
  const done = noticed.attack.flatMap(({ ms }) => KINDS.map((kind) => ms[kind].length))
  return {
    name: row.name,
    attack: row.attack,
    harmless: row.harmless,
    p95_ms: all,
    requests: errors.length + done.reduce((sum, count) => sum + count, 0),
    errors,
    got_through: through,
    ok: measured && errors.length === 0 && through.length === 0 && inTime,
  }
}

function counted(errors: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const error of errors) counts.set(error, (counts.get(error) ?? 0) + 1)
  return [...counts].map(([error, count]) => `${error} (${count} times)`)
}
