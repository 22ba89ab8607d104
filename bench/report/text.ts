import { isMet } from '../row.ts'
import type { Measured } from './measured.ts'

/** The outcomes as text for people. */
export function reportText(all: readonly Measured[]): string {
  return all.map(rowText).join('\n\n')
}

function rowText({ row, outcome: { name, table, ratio, notes = [] } }: Measured): string {
  const verdict = Object.values(ratio).every(isMet) ? 'met' : 'NOT met'
  return [`Row ${row.n}: ${name}`, aligned(table), ...notes, `reach: ${row.reachText}: ${verdict}`].join('\n')
}

/** The first column to the left, the others to the right. */
function aligned(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  const cell = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)
  return lines.map((line) => line.map(cell).join('   ').trimEnd()).join('\n')
}
