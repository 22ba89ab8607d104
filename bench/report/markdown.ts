import { isMet } from '../row.ts'
import type { Measured } from './measured.ts'

/** A row's part of a page, with its figures from a folder beside it. */
export function rowMarkdown(
  { row, outcome: { name, table, notes = [], ratio, plots = [] } }: Measured,
  at: Where,
): string {
  const verdict = Object.values(ratio).every(isMet) ? 'met' : 'not met'
  return [
    `### ${row.n}. ${upperFirst(name)}`,
    row.what,
    tableMarkdown(table),
    ...(notes.length > 0 ? [notes.join(' ')] : []),
    `To reach: ${row.reachText}: **${verdict}**.`,
    ...plots.map(({ file, title }) => `![${title}](${at.folder}/${file}.svg)`),
    ...at.how.map((line) => `<sub>${line}</sub>`),
  ].join('\n\n')
}

export interface Where {
  /** Of the figures, as the page links to it. */
  folder: string
  /** What was measured on, and how; line by line. */
  how: readonly string[]
}

function tableMarkdown([head = [], ...lines]: readonly (readonly string[])[]): string {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'))
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
