/** Times when everything comes `factor` times as fast: for the last `forMs` of every `everyMs`. */
export interface Burst {
  factor: number
  forMs: number
  everyMs: number
}

/**
 * Two clocks of one run. By the even one nothing ever hurries; on the real one bursts pass its time `factor` times as fast.
 * What is planned evenly and shown on the real clock has exactly the rates that were asked for, in bursts and between them.
 */
export interface BurstClock {
  /** @param realMs since the start, on the real clock */
  evenAt(realMs: number): number
  /** @param evenMs since the start, on the even clock */
  realAt(evenMs: number): number
}

export function burstClock(burst: Burst | undefined): BurstClock {
  if (!burst) return { evenAt: (ms) => ms, realAt: (ms) => ms }
  const { factor, forMs, everyMs } = burst
  const calmMs = everyMs - forMs
  const evenPeriodMs = calmMs + factor * forMs
  return {
    evenAt(realMs) {
      const periods = Math.floor(realMs / everyMs)
      const rest = realMs - periods * everyMs
      return periods * evenPeriodMs + Math.min(rest, calmMs) + factor * Math.max(0, rest - calmMs)
    },
    realAt(evenMs) {
      const periods = Math.floor(evenMs / evenPeriodMs)
      const rest = evenMs - periods * evenPeriodMs
      return periods * everyMs + Math.min(rest, calmMs) + Math.max(0, rest - calmMs) / factor
    },
  }
}
