/**
 * Every way in which a request can fail, by its code: part of the problem's `type`, stable, seen by callers.
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
const catalog = {
  malformed_body: { status: 400, title: 'The body cannot be read' },
  invalid_request: { status: 400, title: 'The request is not valid' },
  unauthorized: { status: 401, title: 'Valid credentials are needed' },
  bad_signature: { status: 403, title: 'The signature is not valid' },
  forbidden: { status: 403, title: 'These credentials are not good for this' },
  not_found: { status: 404, title: 'There is no such thing' },
  not_set_up: { status: 404, title: 'This is not set up here' },
  method_not_allowed: { status: 405, title: 'This answers other methods' },
  conflict: { status: 409, title: 'The request contradicts an earlier one' },
  too_many_links: { status: 409, title: 'The conversation has as many addresses as it can have' },
  not_handed_off: { status: 409, title: 'No operator has this conversation' },
  opted_out: { status: 409, title: 'This person wants no messages' },
  unreadable: { status: 409, title: 'What is stored of this cannot be read' },
  may_repeat: { status: 409, title: 'This may have been done already' },
  gone: { status: 410, title: 'This is there no more' },
  too_large: { status: 413, title: 'That is too much' },
  unsupported_type: { status: 415, title: 'The body is of a type that is not understood' },
  unknown_sender: { status: 422, title: 'There is no such sender' },
  not_in_dialect: { status: 422, title: 'UponAI has no such request in this dialect' },
  not_for_browsers: { status: 422, title: 'A browser may not set this' },
  unreachable: { status: 422, title: 'This number cannot be reached' },
  too_fast: { status: 429, title: 'Too many requests' },
  too_many_waiting: { status: 429, title: 'Too many unanswered messages' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  bad_gateway: { status: 502, title: 'Another service did not give it' },
  unavailable: { status: 503, title: 'This cannot be taken right now' },
} as const

export type ProblemCode = keyof typeof catalog

export interface FieldError {
  /** Where in the body, query or headers; empty for the whole. */
  path: string
  /** What was expected. */
  message: string
}

export interface ProblemOptions {
  errors?: FieldError[]
  /** Seconds after which it is worth trying again. */
  retryAfter?: number
  /** The limit that was reached, for the metrics. */
  limit?: Limit
}

/** What is bounded for this process or in Redis, see docs/limits.md. */
export type Limit = 'connections' | 'bodies' | 'messages' | 'conversations' | 'reads' | 'streams'

/** A failure that the caller is told of. `message` is the `detail`: it names what was wrong and what was expected. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly status: number
  readonly errors: FieldError[] | undefined
  readonly retryAfter: number | undefined
  readonly limit: Limit | undefined

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail)
    this.code = code
    this.status = catalog[code].status
    this.errors = options.errors
    this.retryAfter = options.retryAfter
    this.limit = options.limit
  }

  /** The body of the answer, `application/problem+json`. */
  toJSON() {
    return {
      type: `urn:chatlane:problem:${this.code}`,
      title: catalog[this.code].title,
      status: this.status,
      detail: this.message,
      ...(this.errors && { errors: this.errors }),
    }
  }
}

/** The request was understood, but cannot be taken now: Redis takes no writes, or this process has no room. The pause differs, so that not everybody is back at once. */
export function unavailable(detail: string, limit?: Limit): Problem {
  return new Problem('unavailable', detail, {
    retryAfter: 1 + Math.floor(Math.random() * 5),
    ...(limit !== undefined && { limit }),
  })
}
