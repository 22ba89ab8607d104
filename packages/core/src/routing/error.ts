export interface RoutesProblem {
  /** From 1; 0 when the file could not be read at all. */
  line: number
  /** For example `sms[0].inbound_agents`; empty for the file as a whole. */
  key: string
  message: string
}

/** A routes file cannot be used. `lines` are ready to be shown: `file:line: key: expected …`. */
export class RoutesError extends Error {
  readonly code = 'ROUTES_INVALID'
  readonly problems: RoutesProblem[]
  readonly lines: string[]

  constructor(filename: string, problems: RoutesProblem[]) {
    const lines = problems.map(({ line, key, message }) =>
      [line > 0 ? `${filename}:${line}` : filename, ...(key ? [key] : []), message].join(': '),
    )
    super(lines.join('\n'))
    this.name = 'RoutesError'
    this.problems = problems
    this.lines = lines
  }
}
