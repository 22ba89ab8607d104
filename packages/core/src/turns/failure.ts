import { backoff, type Verdict } from '@chatlane/lanes'
import type { ChatlaneError } from '../errors/chatlane-error.ts'
import { attemptEffects } from './attempt.ts'
import type { TurnContext } from './context.ts'

/** Pause while UponAI refuses our credentials: nothing is spent, an operator has to act. */
const CREDENTIALS_PAUSE_MS = 15_000

/** Pause after a 429 that does not say for how long. */
const THROTTLED_PAUSE_MS = 2_000

/** What a failed try means for its item. An attempt whose outcome is unclear stays on record: the next try settles it first. */
export function verdictOf(context: TurnContext, error: ChatlaneError): Verdict {
  const effects = attemptEffects(context)
  const detail = `${error.code}: ${error.message}`
  switch (error.handling) {
    case 'retry_after':
      return { do: 'retry', afterMs: error.retryAfterMs ?? THROTTLED_PAUSE_MS, spend: false, effects, detail }
    case 'credentials':
      return { do: 'retry', afterMs: CREDENTIALS_PAUSE_MS, spend: false, effects, detail }
    case 'permanent':
      return { do: 'bury', reason: error.code.toLowerCase(), detail, effects }
    case 'unclear':
    case 'gone':
    case 'retry': {
      const afterMs = error.retryAfterMs ?? backoff(context.turn.tries + 1, context.backoffMs)
      return { do: 'retry', afterMs, effects, detail }
    }
  }
}
