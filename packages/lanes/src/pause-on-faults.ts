import type { Worker } from 'bullmq'
import { backoff } from './backoff.ts'

/** First and longest pause, ms. */
const FIRST_MS = 100
const LONGEST_MS = 1_000

/** Errors in a row until the first pause: one alone may be about one job. */
const TOLERATED = 2

/** So long without an error after a pause, the next one counts as the first, ms. */
const FORGOTTEN_AFTER_MS = 5_000

/**
 * Makes a BullMQ worker pause, longer each time, while Redis refuses what it asks for (memory full, read only, a right is
 * missing): by itself it asks again at once, thousands of times a second. Lost connections have a pause of BullMQ's own.
 *
 * @param mayGoOn false while the worker is to stay paused for another reason
 */
export function pauseOnFaults(worker: Worker, mayGoOn: () => boolean = () => true): void {
  let errors = 0
  let goesOnAt = 0
  let timer: NodeJS.Timeout | undefined
  worker.on('error', (error) => {
    // Of a lost connection ioredis and BullMQ tell with errors that are no answer of Redis'.
    if (timer || error.name !== 'ReplyError') return
    if (Date.now() - goesOnAt > FORGOTTEN_AFTER_MS) errors = 0
    goesOnAt = Date.now()
    if (++errors < TOLERATED) return
    const pauseMs = FIRST_MS + backoff(errors - TOLERATED + 1, FIRST_MS, LONGEST_MS)
    goesOnAt += pauseMs
    timer = setTimeout(() => {
      timer = undefined
      if (mayGoOn()) worker.resume().catch(() => {})
    }, pauseMs)
    worker.pause(true).catch(() => {})
  })
  worker.once('closing', () => clearTimeout(timer))
}
