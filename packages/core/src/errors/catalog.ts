/**
 * What a caller does about a failure:
 * - `retry`: nothing happened or a repeat does no harm; back off and try again
 * - `retry_after`: the other side is not broken but busy; wait `retryAfterMs` (or a back-off) without spending a try
 * - `unclear`: it may have taken effect; look before trying again
 * - `gone`: the thing addressed is unknown or over; go on with a new one
 * - `permanent`: the same request will fail again
 * - `credentials`: nothing will work until an operator acts; spend no tries
 */
export type Handling = 'retry' | 'retry_after' | 'unclear' | 'gone' | 'permanent' | 'credentials'

interface CatalogEntry {
  readonly handling: Handling
  /** May be shown to any user: says nothing of keys, addresses, texts or inner workings. */
  readonly safeMessage: string
}

/** Every error code with its usual handling. Codes are stable: `docs/errors.md` has one section for each. */
export const errorCatalog = {
  UPONAI_THROTTLED: {
    handling: 'retry_after',
    safeMessage: 'The assistant is busy. Your message is waiting its turn.',
  },
  UPONAI_PAUSED: {
    handling: 'retry_after',
    safeMessage: 'The assistant is not available right now. Your message waits.',
  },
  UPONAI_UNREACHABLE: { handling: 'retry', safeMessage: 'The assistant cannot be reached right now.' },
  UPONAI_NO_ANSWER: { handling: 'retry', safeMessage: 'The assistant did not answer in time.' },
  UPONAI_SERVER_ERROR: { handling: 'retry', safeMessage: 'The assistant has a problem right now.' },
  UPONAI_BAD_ANSWER: { handling: 'retry', safeMessage: 'The assistant gave an answer that could not be read.' },
  UPONAI_ABORTED: { handling: 'retry', safeMessage: 'The request was given up before it was done.' },
  UPONAI_UNCLEAR: { handling: 'unclear', safeMessage: 'It is not known yet whether the assistant got the message.' },
  UPONAI_CHAT_GONE: { handling: 'gone', safeMessage: 'This chat is over.' },
  UPONAI_AGENT_UNKNOWN: { handling: 'permanent', safeMessage: 'The assistant could not accept this request.' },
  UPONAI_REJECTED: { handling: 'permanent', safeMessage: 'The assistant could not accept this request.' },
  UPONAI_INVALID_REQUEST: { handling: 'permanent', safeMessage: 'This request is not valid.' },
  UPONAI_INVALID_EVENT: { handling: 'permanent', safeMessage: 'This event could not be read.' },
  UPONAI_CREDENTIALS: { handling: 'credentials', safeMessage: 'The assistant is not available right now.' },
  UPONAI_REDIRECTED: { handling: 'credentials', safeMessage: 'The assistant is not available right now.' },
  UPONAI_FORBIDDEN: { handling: 'retry', safeMessage: 'The assistant could not accept this message.' },
  REDIS_NOT_REPLICATED: { handling: 'retry_after', safeMessage: 'This cannot be taken right now.' },
} as const satisfies Record<string, CatalogEntry>

export type ErrorCode = keyof typeof errorCatalog
