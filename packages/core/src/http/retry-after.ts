/** What is asked beyond this is asked for again: a mistaken `Retry-After` must not stop anything for hours. */
const longestMs = 15 * 60 * 1000

/**
 * The wait that an answer asks for, in milliseconds (at most 15 min): `retry-after-ms`, else `Retry-After` as seconds or as an
 * HTTP date (RFC 9110, 10.2.3). Undefined when there is none that can be read, and for "at once" or a time that has passed:
 * waits that were asked for cost no try, so the same answer would be fetched again and again without a pause.
 */
export function retryAfterMs(
  headers: Record<string, string | string[] | undefined>,
  now = Date.now(),
): number | undefined {
  const wait = number(headers['retry-after-ms']) ?? seconds(headers['retry-after']) ?? date(headers['retry-after'], now)
  return wait === undefined || wait <= 0 ? undefined : Math.min(Math.ceil(wait), longestMs)
}

function number(value: string | string[] | undefined): number | undefined {
  return typeof value === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) : undefined
}

function seconds(value: string | string[] | undefined): number | undefined {
  const read = number(value)
  return read === undefined ? undefined : read * 1000
}

function date(value: string | string[] | undefined, now: number): number | undefined {
  // Date.parse alone would also take "7" and other things that are no HTTP date.
  if (typeof value !== 'string' || !/^[A-Z][a-z]+, /.test(value)) return undefined
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : at - now
}
