import { setTimeout as passed } from 'node:timers/promises'
import type { Answer } from './api.ts'

/** Tries of one request in all. */
const TRIES = 10

/** The first pause where the answer names none, ms; it doubles. */
const PAUSE_MS = 500
const LONGEST_PAUSE_MS = 5_000

export interface Taken {
  outcome: 'accepted' | 'refused' | 'unclear'
  answer: Answer
  tries: number
}

export interface Patience {
  /** Aborted: what is not taken by now is tried no more. */
  giveUp: AbortSignal
  /** Told of each answer after which it is tried again. */
  onRepeat: (answer: Answer) => void
}

/**
 * Sends until it is taken or refused for good. 429, any 5xx and no answer at all are repeated after the time that is asked for.
 * Given up after a 5xx or no answer it is unclear: it may have been taken all the same.
 */
export async function sendUntilTaken(send: () => Promise<Answer>, { giveUp, onRepeat }: Patience): Promise<Taken> {
  let unclear = false
  for (let tries = 1; ; tries++) {
    const answer = await send()
    const { status } = answer
    if (status !== undefined && status >= 200 && status < 300) return { outcome: 'accepted', answer, tries }
    if (status === undefined || status >= 500) unclear = true
    else if (status !== 429) return { outcome: unclear ? 'unclear' : 'refused', answer, tries }
    if (tries === TRIES || giveUp.aborted) return { outcome: unclear ? 'unclear' : 'refused', answer, tries }
    onRepeat(answer)
    const pause = answer.retryAfterMs ?? Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** (tries - 1))
    // Whoever was refused at the same time should not come back at the same time.
    await passed(pause + Math.random() * PAUSE_MS, undefined, { signal: giveUp }).catch(() => {})
  }
}
