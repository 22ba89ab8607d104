const deepestCause = 4
const deepestObject = 6

export interface LoggedError {
  type: string
  message: string
  code?: string | number
  status?: number
  cause?: LoggedError
  errors?: LoggedError[]
  /** Frames only, and only for what looks like a bug. */
  stack?: string
}

/**
 * An error as a log may show it: only what is listed here, so that nothing a library hangs on its errors (an HTTP
 * request with its headers, a Redis command with its arguments) can get out. Errors that carry a code or a status were
 * foreseen by someone and come without a stack.
 */
export function errorForLog(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error))
    return { type: typeof error, message: typeof error === 'string' ? error : 'not an Error' }
  const code = field(error, 'code')
  const status = field(error, 'status') ?? field(error, 'statusCode')
  const logged: LoggedError = { type: error.name, message: error.message }
  if (typeof code === 'string' || typeof code === 'number') logged.code = code
  if (typeof status === 'number') logged.status = status
  if (depth < deepestCause) {
    if (error.cause !== undefined) logged.cause = errorForLog(error.cause, depth + 1)
    if (error instanceof AggregateError) logged.errors = error.errors.slice(0, 5).map((e) => errorForLog(e, depth + 1))
  }
  // The stack begins with the message, which may be cleaned differently: keep the frames alone.
  if (logged.code === undefined && logged.status === undefined) logged.stack = framesOf(error)
  return logged
}

/** The same for every error in what is logged, however deep: JSON would show all that hangs on it. */
export function withErrorsForLog(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return errorForLog(value)
  if (depth >= deepestObject) return value
  if (Array.isArray(value)) return value.map((item) => withErrorsForLog(item, depth + 1))
  return isPlainObject(value) ? mapValues(value, (item) => withErrorsForLog(item, depth + 1)) : value
}

export function mapValues(object: object, map: (value: unknown) => unknown): Record<string, unknown> {
  const mapped: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(object)) mapped[key] = map(value)
  return mapped
}

const isPlainObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value))

const field = (error: Error, name: string): unknown => Object.entries(error).find(([key]) => key === name)?.[1]

const framesOf = (error: Error) =>
  (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim())
    .join('\n')
