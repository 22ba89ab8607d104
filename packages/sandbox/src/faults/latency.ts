import { z } from 'zod'
import type { Random } from './random.ts'

const milliseconds = z.number().min(0).max(3_600_000)

export const fixedShape = { distribution: z.literal('fixed'), ms: milliseconds }
export const uniformShape = { distribution: z.literal('uniform'), min_ms: milliseconds, max_ms: milliseconds }
export const lognormalShape = {
  distribution: z.literal('lognormal'),
  median_ms: milliseconds,
  /** Standard deviation of the logarithm: 0.5 is a moderate, 1 a heavy tail. */
  sigma: z.number().min(0).max(5),
  max_ms: milliseconds.optional(),
}

export const latencySchema = z.discriminatedUnion('distribution', [
  z.strictObject(fixedShape),
  z.strictObject(uniformShape),
  z.strictObject(lognormalShape),
])

export type Latency = z.infer<typeof latencySchema>

/** One delay in milliseconds drawn from the distribution. */
export function drawLatency(latency: Latency, random: Random): number {
  switch (latency.distribution) {
    case 'fixed':
      return latency.ms
    case 'uniform':
      return latency.min_ms + random() * Math.max(0, latency.max_ms - latency.min_ms)
    case 'lognormal': {
      const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
      return Math.min(latency.median_ms * Math.exp(latency.sigma * normal), latency.max_ms ?? 3_600_000)
    }
  }
}
