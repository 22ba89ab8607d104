import { styleText } from 'node:util'
import { prettyFactory } from 'pino-pretty'

const colour = { sandbox: 'magenta', api: 'cyan', worker: 'green', dev: 'bold' } as const

const pretty = prettyFactory({
  colorize: process.stdout.hasColors?.() === true && !process.env.NO_COLOR,
  translateTime: 'SYS:HH:MM:ss.l',
  ignore: 'pid,hostname,service',
  singleLine: true,
})

/** Prints a line of a process: its log readable, everything else as it is. */
export function printLine(service: string, line: string): void {
  const style = Object.entries(colour).find(([name]) => name === service)?.[1] ?? 'bold'
  const name = styleText(style, service.padEnd(8), { stream: process.stdout })
  process.stdout.write(`${name}${line.startsWith('{') ? pretty(withEscapesShown(line)).trimEnd() : line}\n`)
}

/** Control characters are escaped in the log and stay so: a terminal would obey them. */
function withEscapesShown(line: string): string {
  return line.replace(/\\./g, (found) => (found === '\\u' ? '\\\\u' : found))
}
