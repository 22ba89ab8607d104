/** What is compared: by its text, at its place. */
export interface Text {
  text: string
}

export interface Pair<E, S> {
  expected: E
  seen: S
}

export interface Alignment<E, S> {
  /** In order. */
  pairs: Pair<E, S>[]
  /** Expected, but not there (or at another place), in order. */
  missing: E[]
  /** There, but not expected (or at another place), in order. */
  extra: S[]
}

/**
 * Lays two sequences beside each other so that as much as possible of the expected one is met, in order: the heaviest common
 * subsequence; with equal weights the longest. Of equal texts the first ones are met.
 * Linear where the two agree; what lies between the first and the last difference costs the product of its lengths.
 * @param weightOf how much it matters that this one is met; above 0
 */
export function align<E extends Text, S extends Text>(
  expected: readonly E[],
  seen: readonly S[],
  weightOf: (item: E) => number = () => 1,
): Alignment<E, S> {
  const weights = expected.map(weightOf)
  const heaviest = weights.reduce((most, weight) => Math.max(most, weight), 0)
  // Where both begin or end alike with a heaviest one, nothing is better than to let these two meet.
  const meet = (i: number, j: number) => expected[i]?.text === seen[j]?.text && weights[i] === heaviest
  const shorter = Math.min(expected.length, seen.length)
  let head = 0
  while (head < shorter && meet(head, head)) head++
  let tail = 0
  while (tail < shorter - head && meet(expected.length - 1 - tail, seen.length - 1 - tail)) tail++

  const ends = { expected: expected.length - tail, seen: seen.length - tail }
  const middle = alignMiddle(expected.slice(head, ends.expected), seen.slice(head, ends.seen), weights.slice(head))
  return {
    pairs: [
      ...zip(expected.slice(0, head), seen.slice(0, head)),
      ...middle.pairs,
      ...zip(expected.slice(ends.expected), seen.slice(ends.seen)),
    ],
    missing: middle.missing,
    extra: middle.extra,
  }
}

function alignMiddle<E extends Text, S extends Text>(
  expected: readonly E[],
  seen: readonly S[],
  weights: readonly number[],
): Alignment<E, S> {
  const width = seen.length + 1
  /** At [i, j]: the most that can be met of what begins at expected[i] and seen[j]. */
  const best = new Float64Array((expected.length + 1) * width)
  const bestAt = (i: number, j: number) => best[i * width + j] ?? 0
  const ifMet = (i: number, j: number) => {
    return expected[i]?.text === seen[j]?.text ? bestAt(i + 1, j + 1) + (weights[i] ?? 0) : -1
  }
  for (let i = expected.length - 1; i >= 0; i--) {
    for (let j = seen.length - 1; j >= 0; j--) {
      best[i * width + j] = Math.max(ifMet(i, j), bestAt(i + 1, j), bestAt(i, j + 1))
    }
  }
  const result: Alignment<E, S> = { pairs: [], missing: [], extra: [] }
  let i = 0
  let j = 0
  for (;;) {
    const e = expected[i]
    const s = seen[j]
    if (e === undefined || s === undefined) break
    if (ifMet(i, j) === bestAt(i, j)) {
      result.pairs.push({ expected: e, seen: s })
      i++
      j++
    } else if (bestAt(i, j + 1) === bestAt(i, j)) {
      result.extra.push(s)
      j++
    } else {
      result.missing.push(e)
      i++
    }
  }
  const { pairs, missing, extra } = result
  return { pairs, missing: missing.concat(expected.slice(i)), extra: extra.concat(seen.slice(j)) }
}

function zip<E, S>(expected: readonly E[], seen: readonly S[]): Pair<E, S>[] {
  const pairs: Pair<E, S>[] = []
  for (const [i, each] of expected.entries()) {
    const other = seen[i]
    if (other !== undefined) pairs.push({ expected: each, seen: other })
  }
  return pairs
}
