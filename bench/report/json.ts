import { type Check, isMet } from '../row.ts'
import type { Measured } from './measured.ts'

/** One object for programs. What a row has one of stands alone; several stand under their names. */
export function reportJson(all: readonly Measured[]): string {
  const rows = all.map(({ row, outcome: { name, value, unit, against, ratio } }) => {
    const checks = Object.entries(ratio)
    return {
      n: row.n,
      name,
      value: Number(value.median.toPrecision(6)),
      unit,
      min: Number(value.min.toPrecision(6)),
      max: Number(value.max.toPrecision(6)),
      against,
      ratio: oneOrByName(checks.map(([key, check]) => [key, cautious(check)])),
      reach: oneOrByName(
        checks.flatMap(([key, check]) => reachOf(key, check)),
        checks.length,
      ),
      met: Object.values(ratio).every(isMet),
    }
  })
  return JSON.stringify({ rows })
}

function reachOf(key: string, { reach }: Check): [string, number][] {
  if (reach === undefined) return []
  return [[key, 'least' in reach ? reach.least : reach.most]]
}

function oneOrByName(entries: [string, number][], outOf = entries.length): number | Record<string, number> {
  const [first] = entries
  return first && outOf === 1 ? first[1] : Object.fromEntries(entries)
}

/** In hundredths, so that a rounded ratio never claims what the exact one missed. */
function cautious({ value, reach }: Check): number {
  const hundredths = value.median * 100
  if (reach && 'most' in reach) return Math.ceil(hundredths) / 100
  return Math.floor(hundredths) / 100
}
