import { stripVTControlCharacters } from 'node:util'
import { jsonForTerminal, textForTerminal } from '@chatlane/core'
import Table from 'cli-table3'

/** Prints a command's result: as one JSON value, or as people read it. */
export function print(options: { json?: true }, value: unknown, readable: () => string): void {
  console.log(options.json ? jsonForTerminal(value) : readable())
}

/** Says something on stderr, beside the result. */
export function say(text: string): void {
  console.error(textForTerminal(text))
}

/** A table without lines; the last column may be long. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const chars = Object.fromEntries(LINES.map((part) => [part, '']))
  const drawn = new Table({
    head: [...head],
    chars,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
  })
  drawn.push(...rows.map((row) => row.map(plain)))
  return trimmed(drawn.toString())
}

/** Names and what belongs to them, one per line. */
export function list(rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${plain(value)}`).join('\n')
}

/** Someone else's text on one line, without what would steer the terminal. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
}

/** The beginning of a text. */
export function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text
}

/** `2026-11-12 14:03:22 UTC (5 min ago)`. */
export function time(at: string): string {
  return `${at.slice(0, 19).replace('T', ' ')} UTC (${ago(Date.parse(at))})`
}

function ago(at: number): string {
  const seconds = Math.max(0, Math.round((Date.now() - at) / 1_000))
  const [size, unit] = UNITS.find(([size]) => seconds >= size) ?? [1, 's']
  return `${Math.floor(seconds / size)} ${unit} ago`
}

const UNITS = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
] as const

function trimmed(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

const LINES = ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'].concat(
  ['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
)
