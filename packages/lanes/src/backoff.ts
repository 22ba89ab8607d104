/** Exponential back-off with full jitter: a random time up to base x 2^(tries-1), at most `most`. */
export function backoff(tries: number, baseMs = 1_000, mostMs = 300_000): number {
  return Math.random() * Math.min(mostMs, baseMs * 2 ** (tries - 1))
}
