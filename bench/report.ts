import { sideNames } from './measurement.ts'
import type { Outcome, Spread } from './outcome.ts'
import { type Other, otherNames } from './rows.ts'

const titles = {
  lanes: 'lanes',
  plain: 'plain BullMQ',
  groupmq: 'GroupMQ',
  groupmqBatching: 'GroupMQ, adds batched',
}

/** The outcomes as text for people. */
export function report(outcomes: readonly Outcome[]): string {
  return outcomes.map(rowReport).join('\n\n')
}

function rowReport({ row, name, perSecond, ratio, met, cost }: Outcome): string {
  const lines = sideNames.map((side) => [
    titles[side],
    count(perSecond[side].median),
    `${count(perSecond[side].min)}–${count(perSecond[side].max)}`,
    side === 'lanes' ? '' : times(ratio[side]),
    side === 'lanes' || row.reach[side] === undefined ? '' : `≥ ${row.reach[side]}`,
    `${Math.round(cost[side].nodeMicros)} + ${Math.round(cost[side].redisMicros)}`,
    cost[side].commands.toFixed(1),
    cost[side].reads.toFixed(2),
  ])
  const head = ['', 'messages/s', 'min–max', 'lanes to it', 'reach', 'CPU µs Node + Redis', 'commands', 'reads']
  const verdict = met ? 'met' : 'NOT met'
  const reaches = otherNames
    .flatMap((other) => (row.reach[other] === undefined ? [] : [`${row.reach[other]} × ${titles[other]}`]))
    .join(' and ')
  return [`Row ${row.n}: ${name}`, table([head, ...lines]), `reach: ${reaches}: ${verdict}`].join('\n')
}

/** One object for programs; the other sides' figures under their names. */
export function reportJson(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ row, name, perSecond, ratio, met }) => ({
    n: row.n,
    name,
    value: Math.round(perSecond.lanes.median),
    against: byOther((other) => Math.round(perSecond[other].median)),
    ratio: byOther((other) => hundredths(ratio[other].median)),
    reach: row.reach,
    met,
  }))
  return JSON.stringify({ rows })
}

function byOther(value: (other: Other) => number): Record<Other, number> {
  return { plain: value('plain'), groupmq: value('groupmq'), groupmqBatching: value('groupmqBatching') }
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

function times({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`
}

/** Rounded down, so that a rounded ratio never claims what the exact one missed. */
function hundredths(value: number): number {
  return Math.floor(value * 100) / 100
}

/** The first column to the left, the others to the right. */
function table(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  const cell = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)
  return lines.map((line) => line.map(cell).join('   ').trimEnd()).join('\n')
}
