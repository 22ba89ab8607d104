import { print, styled, width, wrapped } from '../terminal.ts'
import { people } from './cast.ts'
import type { Happening, Kind } from './journal.ts'
import { heading, markOf, marks, nameOf } from './screen.ts'

const nameWidth = 15

/** What wins where several things happen in the same moment. */
const rank: Kind[] = ['dies', 'trouble', 'mended', 'closed', 'starts', 'hears', 'writes']

/** One row per person and process, from left to right. */
export function drawTimeline(happenings: readonly Happening[]): void {
  const end = happenings.at(-1)?.at ?? 0
  const columns = width() - nameWidth
  const columnMs = Math.max(1, end / (columns - 1))
  const column = (at: number) => Math.floor(at / columnMs)
  const names = [...people.map(({ name }) => name), ...new Set(happenings.filter(isProcess).map(({ who }) => who))]

  heading('The same on a time line, one row each')
  print(' '.repeat(nameWidth) + styled('dim', ruler(columnMs, columns)))
  for (const name of names) {
    const own = happenings.filter(({ who }) => who === name)
    const cells = Array.from({ length: columns }, (_, i) => cell(own, i, column))
    print(`${nameOf(name, 10)} ${styled('dim', (own[0]?.channel ?? '').padEnd(4))}${cells.join('')}`.trimEnd())
  }
  const legend = [
    `${marks.writes} writes`,
    `${marks.hears} gets an answer`,
    '2–9 several',
    '· waits',
    `${marks.trouble} trouble`,
    `${marks.mended} mended`,
    `${marks.closed} closed`,
  ]
  for (const line of wrapped(legend.join('  '), columns)) print(' '.repeat(nameWidth) + styled('dim', line.trim()))
}

function isProcess({ channel }: Happening): boolean {
  return channel === ''
}

function cell(own: readonly Happening[], place: number, column: (at: number) => number): string {
  const here = own.filter(({ at, kind }) => column(at) === place && kind !== 'waits')
  const kind = rank.find((candidate) => here.some((it) => it.kind === candidate))
  if (kind === undefined) {
    const before = own.filter(({ at }) => column(at) < place)
    return isBusy(before) ? styled('dim', '·') : ' '
  }
  const count = here.filter((it) => it.kind === kind).length
  return markOf(kind, count > 1 ? String(Math.min(count, 9)) : marks[kind])
}

/** Somebody waits for an answer, or a process runs. */
function isBusy(before: readonly Happening[]): boolean {
  const count = (kind: Kind) => before.filter((it) => it.kind === kind).length
  if (before.some(isProcess)) return count('starts') > count('dies')
  return count('writes') > count('hears') - count('closed')
}

/** `0 s   5 s   10 s`, as far apart as they are in time. */
function ruler(columnMs: number, columns: number): string {
  let line = ''
  for (let second = 0; second * 1000 <= columnMs * (columns - 4); second += 5) {
    line = `${line.padEnd(Math.floor((second * 1000) / columnMs))}${second} s`
  }
  return line
}
