/**
 * The longest part of a list that ascends: what is not in it is out of order, and of several ways to see it the one that blames
 * the fewest. Lists are short: as long as a conversation.
 * @returns for each of the list whether it is in that part
 */
export function inOrder(places: readonly number[]): boolean[] {
  // The longest that ends with each, and the one before it there.
  const lengths: number[] = []
  const before: number[] = []
  let end = -1
  for (const [n, place] of places.entries()) {
    lengths[n] = 1
    before[n] = -1
    for (let m = 0; m < n; m++) {
      const length = (lengths[m] ?? 0) + 1
      if ((places[m] ?? 0) >= place || length <= (lengths[n] ?? 0)) continue
      lengths[n] = length
      before[n] = m
    }
    if (end === -1 || (lengths[n] ?? 0) > (lengths[end] ?? 0)) end = n
  }
  const kept = places.map(() => false)
  for (let n = end; n !== -1; n = before[n] ?? -1) kept[n] = true
  return kept
}
