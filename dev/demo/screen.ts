import { styleText } from 'node:util'
import { people } from './cast.ts'
import type { Happening, Kind } from './journal.ts'

const widest = 100

/** Columns to fill: what the terminal has, at most 100. */
export function width(): number {
  return Math.min(widest, process.stdout.columns || widest)
}

type Style = Parameters<typeof styleText>[0]

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

/** Styled on a terminal; plain elsewhere, and with NO_COLOR. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout })
}

export function print(text = ''): void {
  process.stdout.write(`${text}\n`)
}

/** Prints a text in as many lines as the terminal needs; a file gets it as it is. */
export function paragraph(text: string, style: Style): void {
  const lines = text.split('\n')
  for (const line of process.stdout.isTTY ? lines.flatMap((line) => wrapped(line)) : lines) print(styled(style, line))
}

/** Breaks between words; a word that is longer than a line stays whole. */
export function wrapped(line: string, room = width()): string[] {
  const parts = line.match(new RegExp(`.{1,${room}}(?=\\s|$)|\\S+`, 'g')) ?? ['']
  return parts.map((part, i) => (i === 0 ? part : part.trimStart()))
}

/** Cuts what would go on in the next line. */
export function cut(text: string, room: number): string {
  return text.length > room ? `${text.slice(0, Math.max(0, room - 1))}…` : text
}

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
