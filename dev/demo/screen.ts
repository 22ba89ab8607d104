import { styleText } from 'node:util'
import { people } from './cast.ts'
import type { Happening, Kind } from './journal.ts'

export const width = 100

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

export function heading(text: string): void {
  print()
  print(`${styled('bold', text)} ${styled('dim', '─'.repeat(Math.max(0, width - text.length - 1)))}`)
}

export function nameOf(who: string, length: number): string {
  const place = people.findIndex(({ name }) => name === who)
  return styled(nameStyles[place] ?? 'dim', who.padEnd(length))
}

export function markOf(kind: Kind, text = marks[kind]): string {
  return styled(markStyles[kind], text)
}

/** One line per thing that happens. */
export function tell({ at, who, channel, kind, text }: Happening): void {
  const time = `${(at / 1000).toFixed(1).padStart(5)} s`
  const place = channel === '' ? `${nameOf(who, 11)}` : `${nameOf(who, 6)} ${styled('dim', channel.padEnd(4))}`
  const aside = kind === 'writes' || kind === 'hears' ? text : markOf(kind, text)
  print(`${styled('dim', time)}  ${place}  ${markOf(kind)} ${aside}`)
}
