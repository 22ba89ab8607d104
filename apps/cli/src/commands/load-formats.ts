import { withoutEnding } from '@chatlane/core'
import { InvalidArgumentError } from 'commander'
import type { Burst } from '../load/plan/bursts.ts'
import type { ThinkTime } from '../load/plan/think-time.ts'
import type { Range } from '../load/settings.ts'

/** A number above 0, and at most so many. */
export function positive(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() !== '' && value > 0 && value <= most) return value
    throw new InvalidArgumentError(`expected a number above 0, at most ${most}`)
  }
}

export function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}`)
  }
}

/** `5`, or `1-10` for any number from 1 to 10. */
export function range(least: number, most: number): (text: string) => Range {
  const problem = `expected a whole number from ${least} to ${most}, or two such as ${least}-${most}`
  return (text) => {
    const [, first, second = first] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(text) ?? []
    const found = { least: Number(first), most: Number(second) }
    if (found.least >= least && found.least <= found.most && found.most <= most) return found
    throw new InvalidArgumentError(problem)
  }
}

/** Addresses of apis, separated by commas. */
export function parseUrls(text: string): string[] {
  return text.split(',').map((part) => {
    const url = URL.parse(part.trim())
    if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === '')
      return withoutEnding(url.href, '/')
    throw new InvalidArgumentError('expected http:// or https:// addresses, separated by commas')
  })
}

/** Phone numbers, separated by commas. */
export function parseNumbers(text: string): string[] {
  const numbers = text.split(',').map((part) => part.trim())
  if (numbers.every((number) => /^\+[1-9]\d{6,14}$/.test(number))) return numbers
  throw new InvalidArgumentError('expected numbers such as +15005550006, separated by commas')
}

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000 }

/** `500ms`, `8s`, `2m`; undefined for anything else, and for nothing at all. */
function spanOf(text: string | undefined): number | undefined {
  const [, count, unit = ''] = /^(\d{1,6})(ms|s|m)$/.exec(text ?? '') ?? []
  const ms = Number(count) * (UNITS[unit] ?? Number.NaN)
  return ms > 0 && ms <= 3_600_000 ? ms : undefined
}

export function parseSpan(text: string): number {
  const ms = spanOf(text)
  if (ms === undefined) throw new InvalidArgumentError('expected a time such as 500ms, 30s or 5m, at most an hour')
  return ms
}

export function parseThink(text: string): ThinkTime {
  const [, kind = 'exponential', first, second] = /^(?:([a-z]+):)?(\w+)(?:-(\w+))?$/.exec(text) ?? []
  const ms = spanOf(first)
  const mostMs = spanOf(second)
  if (ms !== undefined && second === undefined) {
    if (kind === 'exponential') return { kind, meanMs: ms }
    if (kind === 'fixed') return { kind, ms }
  }
  if (ms !== undefined && mostMs !== undefined && kind === 'uniform' && ms <= mostMs)
    return { kind, leastMs: ms, mostMs }
  throw new InvalidArgumentError('expected exponential:8s (or 8s), uniform:2s-15s or fixed:5s')
}

export function parseBurst(text: string): Burst {
  const [, factor, length, period] = /^(\d{1,3}(?:\.\d{1,3})?)x(\w+)\/(\w+)$/.exec(text) ?? []
  const burst = { factor: Number(factor), forMs: spanOf(length) ?? 0, everyMs: spanOf(period) ?? 0 }
  if (burst.factor > 1 && burst.factor <= 100 && burst.forMs > 0 && burst.forMs < burst.everyMs) return burst
  throw new InvalidArgumentError('expected a factor from 1 to 100 and two times, such as 5x10s/60s: 10 s of every 60 s')
}
