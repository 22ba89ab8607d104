import { InvalidArgumentError } from 'commander'

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000 }

/**
 * A span of time on the command line, in milliseconds: a whole number with `s`, `m` or `h`.
 * @throws InvalidArgumentError for anything else, and above the longest
 */
export function parseDuration(text: string, longest: { ms: number; text: string; why: string }): number {
  const [, count, unit = ''] = /^(\d{1,9})([smh])$/.exec(text) ?? []
  const ms = Number(count) * (UNITS[unit] ?? Number.NaN)
  if (!(ms > 0)) throw new InvalidArgumentError('expected a whole number with s, m or h, such as 90s, 30m or 2h')
  if (ms > longest.ms) throw new InvalidArgumentError(`expected at most ${longest.text}: ${longest.why}`)
  return ms
}

/** A span of time, rounded up, as {@link parseDuration} reads it. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1_000))
  return seconds < 180 ? `${seconds}s` : `${Math.ceil(seconds / 60)}m`
}
