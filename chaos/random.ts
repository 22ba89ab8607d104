/** Random numbers that a seed repeats. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number
  between(least: number, most: number): number
  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number
  chance(probability: number): boolean
  /** @throws RangeError for an empty list */
  pick<T>(list: readonly T[]): T
  shuffled<T>(list: readonly T[]): T[]
  /** Randomness of its own, so that who draws more does not shift another's luck. */
  fork(): Random
}

/** mulberry32. */
export function randomFrom(seed: number): Random {
  let state = seed | 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const whole = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    between: (least, most) => least + next() * (most - least),
    whole,
    chance: (probability) => next() < probability,
    pick<T>(list: readonly T[]): T {
      const [picked] = list.slice(whole(0, list.length - 1)).slice(0, 1)
      if (picked === undefined) throw new RangeError('expected a list with something in it')
      return picked
    },
    shuffled<T>(list: readonly T[]): T[] {
      const drawn = list.map((item) => ({ item, at: next() }))
      return drawn.sort((a, b) => a.at - b.at).map(({ item }) => item)
    },
    fork: () => randomFrom(whole(0, 0xffff_ffff)),
  }
}
