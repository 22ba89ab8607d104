import { backoff, type Effect, type Verdict } from '@chatlane/lanes'
import type { ChatlaneError } from '../errors/chatlane-error.ts'
import { attemptEffects } from './attempt.ts'
import type { TurnContext } from './context.ts'

/** Pause while UponAI refuses our credentials: nothing is spent, an operator has to act. */
const CREDENTIALS_PAUSE_MS = 15_000

/** Pause after a 429 that does not say for how long. */
const THROTTLED_PAUSE_MS = 2_000

/** Back-off between looks at a chat that met no UponAI: as after so many tries. */
const READ_BACK_TRIES = 3

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
      // A refusal to show the chat says nothing of the message.
      return { do: 'bury', reason: unsettled(context) ? 'outcome_unknown' : error.code.toLowerCase(), detail, effects }
    case 'unclear':
      // Whether it was a try that came to nothing is seen when the chat is read back; a create is looked for, and repeated.
      if (unsettled(context))
        return { do: 'retry', afterMs: backoff(1, context.backoffMs), spend: false, effects, detail }
      return again(context, error, effects, detail)
    case 'gone':
    case 'retry':
      // A look at the chat that met no UponAI is no try at the message, and there is time for another one.
      if (unsettled(context) && error.status === undefined && isEarly(context)) {
        return { do: 'retry', afterMs: backoff(READ_BACK_TRIES, context.backoffMs), spend: false, effects, detail }
      }
      if (unsettled(context) && context.turn.tries + 1 >= context.attempts) {
        return { do: 'bury', reason: 'outcome_unknown', detail, effects }
      }
      return again(context, error, effects, detail)
  }
}

/** Until the grace time is over nothing is decided anyway. */
function isEarly({ conversation, graceMs }: TurnContext): boolean {
  return Date.now() < (conversation.attempt?.at ?? 0) + graceMs
}

function again({ turn, backoffMs }: TurnContext, error: ChatlaneError, effects: Effect[], detail: string): Verdict {
  return { do: 'retry', afterMs: error.retryAfterMs ?? backoff(turn.tries + 1, backoffMs), effects, detail }
}

/** Whether it is still to be found out if this very message was said. */
function unsettled({ conversation, item }: TurnContext): boolean {
  return conversation.attempt?.kind === 'completion' && conversation.attempt.item === item
}
