import { align, type Pair, type Text } from './align.ts'

export interface Comparison<E, S> {
  /** At their places, or (of those that may be anywhere) somewhere. */
  met: Pair<E, S>[]
  /** The same text is there, but at another place: not lost and doubled, but moved. */
  moved: Pair<E, S>[]
  missing: E[]
  extra: S[]
}

interface Rules<E> {
  /** Of equal texts the heavier ones are met first. */
  weightOf?: (item: E) => number
  /** Those whose place is not to be judged. */
  anyPlace?: (item: E) => boolean
}

/** Compares a sequence with what it should be. */
export function compare<E extends Text, S extends Text>(
  expected: readonly E[],
  seen: readonly S[],
  { weightOf = () => 1, anyPlace = () => false }: Rules<E> = {},
): Comparison<E, S> {
  const ordered = expected.filter((item) => !anyPlace(item))
  const aligned = align(ordered, seen, weightOf)
  const notMet = [...aligned.missing, ...expected.filter(anyPlace)]
  // The ones with a place of their own come before those without.
  const byNeed = notMet.toSorted((a, b) => Number(anyPlace(a)) - Number(anyPlace(b)) || weightOf(b) - weightOf(a))
  const elsewhere = pairByText(byNeed, aligned.extra)
  const found = new Set(elsewhere.pairs.map((pair) => pair.expected))
  return {
    met: [...aligned.pairs, ...elsewhere.pairs.filter((pair) => anyPlace(pair.expected))],
    moved: elsewhere.pairs.filter((pair) => !anyPlace(pair.expected)),
    missing: notMet.filter((item) => !found.has(item)),
    extra: elsewhere.extra,
  }
}

/** Pairs equal texts wherever they are; the first of those that are expected is the first to be found. */
export function pairByText<E extends Text, S extends Text>(
  expected: readonly E[],
  seen: readonly S[],
): { pairs: Pair<E, S>[]; extra: S[] } {
  const byText = Map.groupBy(expected, ({ text }) => text)
  const pairs: Pair<E, S>[] = []
  const extra: S[] = []
  for (const item of seen) {
    const found = byText.get(item.text)?.shift()
    if (found === undefined) extra.push(item)
    else pairs.push({ expected: found, seen: item })
  }
  return { pairs, extra }
}

/** Takes one of `items` for each of `texts`; `rest` is what no text is left for. */
export function takeByText<T extends Text>(items: readonly T[], texts: readonly string[]): { taken: T[]; rest: T[] } {
  const left = new Map<string, number>()
  for (const text of texts) left.set(text, (left.get(text) ?? 0) + 1)
  const taken: T[] = []
  const rest: T[] = []
  for (const item of items) {
    const count = left.get(item.text) ?? 0
    left.set(item.text, count - 1)
    ;(count > 0 ? taken : rest).push(item)
  }
  return { taken, rest }
}
