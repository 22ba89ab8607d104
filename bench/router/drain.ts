import { setTimeout as passed } from 'node:timers/promises'
import type { Answered } from '../upstream/upstream.ts'
import { timeOf } from './rate.ts'
import type { Router } from './router.ts'
import type { Worker } from './worker.ts'

const LOOK_EVERY_MS = 100
/** No answer for so long: a message was lost. */
const PATIENCE_MS = 60_000

/** A tenth of what waited, when it was answered. */
export interface Tenth {
  /** Time per message, microseconds. */
  microsEach: number
  /** Of the worker at its end, after a garbage collection; bytes. */
  heapUsed: number
  rss: number
}

/** Follows a worker through so many waiting messages; the clock starts with the first answer. */
export async function drain({ upstream }: Router, worker: Worker, messages: number): Promise<Tenth[]> {
  const slices: Answered['slices'] = []
  const memory: { heapUsed: number; rss: number }[] = []
  let answered = 0
  for (let idleSince = Date.now(); memory.length < 10; await passed(LOOK_EVERY_MS)) {
    const more = (await upstream.answered()).slices
    slices.push(...more)
    if (more.length > 0) idleSince = Date.now()
    answered = slices.reduce((sum, [, count]) => sum + count, 0)
    while (memory.length < 10 && answered >= edge(memory.length + 1)) memory.push(await worker.probe({ gc: true }))
    if (Date.now() - idleSince > PATIENCE_MS) throw new Error(`the worker stopped after ${answered} of ${messages}`)
  }
  if (answered !== messages) throw new Error(`expected ${messages} answers, there were ${answered}`)
  return memory.map(({ heapUsed, rss }, n) => {
    const from = n === 0 ? 1 : edge(n)
    const micros = (timeOf(slices, edge(n + 1)) - timeOf(slices, from)) * 1_000
    return { microsEach: micros / (edge(n + 1) - from), heapUsed, rss }
  })

  function edge(tenth: number): number {
    return Math.round((messages * tenth) / 10)
  }
}
