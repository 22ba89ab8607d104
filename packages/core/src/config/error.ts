import { RoutesError } from '../routing/error.ts'
import { secretVariables } from './variables.ts'

/** sysexits.h: EX_CONFIG. */
const exitCodeForConfiguration = 78

export interface ConfigProblem {
  variable: string
  /** What was expected; never the value of a secret. */
  message: string
}

/** The environment cannot be used. `lines` are ready to be shown: variable, what was expected, where to read more. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID'
  readonly problems: ConfigProblem[]
  readonly lines: string[]

  constructor(problems: ConfigProblem[]) {
    const lines = problems.map(({ variable, message }) => `${variable}: ${message}; see ${pageOf(variable)}`)
    super(lines.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
    this.lines = lines
  }
}

/** Runs what reads the configuration. A bad environment or routes file: a line per problem on stderr, exit code 78. */
export function exitOnConfigError<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    exitIfConfigError(error)
    throw error
  }
}

/** Ends the process if this is a bad configuration: a line per problem on stderr, exit code 78. */
export function exitIfConfigError(error: unknown): void {
  if (!(error instanceof ConfigError) && !(error instanceof RoutesError)) return
  process.stderr.write(error.lines.map((line) => `${line}\n`).join(''))
  process.exit(exitCodeForConfiguration)
}

function pageOf(variable: string): string {
  const name = secretVariables.find((secret) => variable === `${secret}_FILE`) ?? variable
  return `docs/configuration.md#${name.toLowerCase()}`
}
