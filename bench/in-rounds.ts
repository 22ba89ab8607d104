import type { Context } from './row.ts'

/** What a side measured, and how it reads in the progress: `12,345/s`. */
export interface Told<Measured> {
  measured: Measured
  told: string
}

/** Measures every side once per round, one right after the other; each goes first in turn. */
export async function inRounds<Side extends string, Measured>(
  { rounds, progress }: Pick<Context, 'rounds' | 'progress'>,
  sides: readonly Side[],
  measure: (side: Side) => Promise<Told<Measured>>,
): Promise<Map<Side, Measured>[]> {
  const all: Map<Side, Measured>[] = []
  for (let round = 0; round < rounds; round++) {
    progress(`  round ${round + 1} of ${rounds}:`)
    const bySide = new Map<Side, Measured>()
    for (const side of order(sides, round)) {
      const { measured, told } = await measure(side)
      bySide.set(side, measured)
      progress(` ${side} ${told}`)
    }
    progress('\n')
    all.push(bySide)
  }
  return all
}

/** The sides in the order of a round. */
export function order<Side>(sides: readonly Side[], round: number): Side[] {
  const first = round % sides.length
  return [...sides.slice(first), ...sides.slice(0, first)]
}
