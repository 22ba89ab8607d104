import { type ErrorCode, errorCatalog, type Handling } from './catalog.ts'

export interface ChatlaneErrorOptions {
  /** Only where one code needs different handling in different places. */
  readonly handling?: Handling | undefined
  /** How long the other side asked to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined
  /** The HTTP status that the other side answered. */
  readonly status?: number | undefined
  /** The other side's own words. They may quote a person's text, so they are kept out of `message`. */
  readonly detail?: string | undefined
  readonly cause?: unknown
}

/**
 * A failure from the catalog. `message` is for operators and logs and holds neither secrets nor message texts;
 * `safeMessage` may be shown to any user; `handling` says what to do.
 */
export class ChatlaneError extends Error {
  override readonly name = 'ChatlaneError'
  readonly code: ErrorCode
  readonly handling: Handling
  readonly safeMessage: string
  readonly retryAfterMs: number | undefined
  readonly status: number | undefined
  readonly #detail: string | undefined

  constructor(code: ErrorCode, message: string, options: ChatlaneErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.handling = options.handling ?? errorCatalog[code].handling
    this.safeMessage = errorCatalog[code].safeMessage
    this.retryAfterMs = options.retryAfterMs
    this.status = options.status
    this.#detail = options.detail
  }

  /** The other side's own words, at most 300 characters. Not enumerable: loggers that copy fields leave it out. */
  get detail(): string | undefined {
    return this.#detail
  }
}
