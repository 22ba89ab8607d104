import type { Spread } from '../spread.ts'

/** `12,345` */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** `11,000–13,000` */
export function range({ min, max }: Spread): string {
  return `${count(min)}–${count(max)}`
}

/** `1.52 (1.40–1.61)`: median, least and most. */
export function times({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`
}
