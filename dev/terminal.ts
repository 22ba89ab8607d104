import { styleText } from 'node:util'

const widest = 100

/** Columns to fill: what the terminal has, at most 100. */
export function width(): number {
  return Math.min(widest, process.stdout.columns || widest)
}

export type Style = Parameters<typeof styleText>[0]

/** Styled on a terminal; plain elsewhere, and with NO_COLOR. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout })
}

export function print(text = ''): void {
  process.stdout.write(`${text}\n`)
}

/** Prints a text in as many lines as the terminal needs; a file gets it as it is. */
export function paragraph(text: string, style?: Style): void {
  const lines = text.split('\n')
  for (const line of process.stdout.isTTY ? lines.flatMap((line) => wrapped(line)) : lines)
    print(style ? styled(style, line) : line)
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

/** Prints a shell's command, indented, in as many lines as the terminal needs; a file gets it in one. */
export function command(...words: string[]): void {
  let line = ' '
  for (const [i, word] of words.entries()) {
    const more = ` ${word}${i < words.length - 1 ? ' \\' : ''}`
    if (process.stdout.isTTY && i > 0 && line.length + more.length > width()) {
      print(`${line} \\`)
      line = '   '
    }
    line += ` ${word}`
  }
  print(line)
}

/** Prints a name and what belongs to it, in two lines where one is too long for the terminal. */
export function entry(name: string, nameWidth: number, text: string): void {
  const line = `  ${name.padEnd(nameWidth)} ${text}`
  print(process.stdout.isTTY && line.length > width() ? `  ${name}\n    ${text}` : line)
}
