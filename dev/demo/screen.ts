import { cut, paragraph, print, type Style, styled, width } from '../terminal.ts'
import { people } from './cast.ts'
import type { Happening, Kind } from './journal.ts'

export const marks: Record<Kind, string> = {
  writes: '▸',
  hears: '◂',
  trouble: '✖',
  waits: '…',
  mended: '↻',
  closed: '■',
  starts: '▲',
  dies: '✖',
}

const markStyles: Record<Kind, Style> = {
  writes: 'bold',
  hears: 'green',
  trouble: 'red',
  waits: 'yellow',
  mended: 'yellow',
  closed: 'magenta',
  starts: 'green',
  dies: 'red',
}

const nameStyles: Style[] = ['cyan', 'yellow', 'magenta', 'green', 'blue', 'redBright', 'cyanBright']

export function heading(text: string): void {
  print()
  if (text.length >= width()) paragraph(text, 'bold')
  else print(`${styled('bold', text)} ${styled('dim', '─'.repeat(Math.max(0, width() - text.length - 1)))}`)
}

export function nameOf(who: string, length: number): string {
  const place = people.findIndex(({ name }) => name === who)
  return styled(nameStyles[place] ?? 'dim', who.padEnd(length))
}

export function markOf(kind: Kind, text = marks[kind]): string {
  return styled(markStyles[kind], text)
}

/** Time, who and channel, and a mark. */
const asideBegins = 7 + 2 + 11 + 2 + 2

/** One line per thing that happens. */
export function tell({ at, who, channel, kind, text }: Happening): void {
  const time = `${(at / 1000).toFixed(1).padStart(5)} s`
  const place = channel === '' ? `${nameOf(who, 11)}` : `${nameOf(who, 6)} ${styled('dim', channel.padEnd(4))}`
  const shown = cut(text, width() - asideBegins)
  const aside = kind === 'writes' || kind === 'hears' ? shown : markOf(kind, shown)
  print(`${styled('dim', time)}  ${place}  ${markOf(kind)} ${aside}`)
}
