/** What others do meanwhile, each held up by another part of the service; in words: attack/README.md. */
export const KINDS = ['web', 'twilio', 'answer', 'events', 'file'] as const

export type Kind = (typeof KINDS)[number]

/** What was noticed in some time: how long each took, and what failed. */
export interface Noticed {
  ms: Record<Kind, number[]>
  errors: string[]
}

export function nothing(): Noticed {
  return { ms: { web: [], twilio: [], answer: [], events: [], file: [] }, errors: [] }
}

/** The time within which 95 in 100 were done; 0 without any. */
export function p95(ms: readonly number[]): number {
  return ms.toSorted((a, b) => a - b)[Math.ceil(ms.length * 0.95) - 1] ?? 0
}

/** 0 without any. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0
}
