import { randomExponential, randomUniform } from 'd3-random'

/** How long a person waits between two messages. */
export type ThinkTime =
  | { kind: 'fixed'; ms: number }
  | { kind: 'uniform'; leastMs: number; mostMs: number }
  | { kind: 'exponential'; meanMs: number }

/** Times the mean: an exponential distribution has no end, a plan has to have one. One draw in 22,000 is cut. */
const LONGEST = 10

export function meanThinkMs(think: ThinkTime): number {
  switch (think.kind) {
    case 'fixed':
      return think.ms
    case 'uniform':
      return (think.leastMs + think.mostMs) / 2
    case 'exponential':
      return think.meanMs
  }
}

export function longestThinkMs(think: ThinkTime): number {
  switch (think.kind) {
    case 'fixed':
      return think.ms
    case 'uniform':
      return think.mostMs
    case 'exponential':
      return LONGEST * think.meanMs
  }
}

/** Draws think times, ms. @param random from 0 up to, not including, 1 */
export function drawThinkMs(think: ThinkTime, random: () => number): () => number {
  switch (think.kind) {
    case 'fixed':
      return () => think.ms
    case 'uniform':
      return randomUniform.source(random)(think.leastMs, think.mostMs)
    case 'exponential': {
      const draw = randomExponential.source(random)(1 / think.meanMs)
      return () => Math.min(draw(), longestThinkMs(think))
    }
  }
}
