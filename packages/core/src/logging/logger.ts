import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino'
import type { LogConfig } from '../config/config.ts'
import { mapValues, withErrorsForLog } from './error.ts'
import { createRedaction } from './redaction.ts'

export type { Logger }

export interface LoggerOptions {
  service: string
  /** `secretsOf(config)`: never shown, wherever they turn up. */
  secrets?: readonly string[]
  /** Standard output unless given. */
  output?: DestinationStream
}

/**
 * JSON lines on standard output. Log what is at hand under its usual name (`from`, `to`, `text`, `err`): addresses are
 * masked, texts reduced to their length and errors to what says what went wrong, unless LOG_CONTENT is true. Secrets are
 * always removed.
 */
export function createLogger(log: LogConfig, options: LoggerOptions): Logger {
  const redact = createRedaction({ content: log.content, secrets: options.secrets ?? [] })
  const output = options.output ?? standardOutput()
  return pino(
    {
      level: log.level,
      base: { service: options.service, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (level) => ({ level }),
        log: (object) => mapValues(object, (value) => withErrorsForLog(value)),
      },
      // pino's formatters do not see what a child logger is bound to; its serializers do.
      serializers: { err: (value) => withErrorsForLog(value), error: (value) => withErrorsForLog(value) },
    },
    { write: (line) => output.write(redact(line)) },
  )
}

/** Characters that are written in one go. */
const MOST_HELD = 8_192

/**
 * What one round of the event loop logs is written at its end, in one call: a call costs more than a line. It is written by
 * then, or at the process's exit, so nothing is left behind; and a reader who is gone holds nothing up.
 */
function standardOutput(): DestinationStream {
  standard ??= writtenEachRound()
  return standard
}

let standard: DestinationStream | undefined

function writtenEachRound(): DestinationStream {
  const output = destination({ dest: 1, sync: true })
  let held = ''
  const leave = () => {
    const lines = held
    held = ''
    if (lines !== '') output.write(lines)
  }
  process.on('exit', leave)
  return {
    write(line) {
      if (held === '') setImmediate(leave)
      held += line
      if (held.length >= MOST_HELD) leave()
    },
  }
}
