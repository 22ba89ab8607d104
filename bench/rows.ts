import type { SideName } from './measurement.ts'

/** One line of the benchmark: lanes on a number of keys, and how many times some of the others it has to reach. */
export interface Row {
  n: number
  keys: number
  reach: Partial<Record<Other, number>>
}

export const otherNames = ['plain', 'groupmq', 'groupmqBatching'] as const satisfies SideName[]
export type Other = (typeof otherNames)[number]

export const rows: readonly Row[] = [
  { n: 1, keys: 1_000, reach: { plain: 1.5, groupmq: 2 } },
  { n: 2, keys: 20_000, reach: { plain: 0.8, groupmq: 2 } },
]
