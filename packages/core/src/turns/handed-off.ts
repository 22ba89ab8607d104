import type { Effect, Verdict } from '@chatlane/lanes'
import { statusEffects } from '../conversations/ledger.ts'
import { change, rearm, type TurnContext } from './context.ts'
import { afterwards } from './group.ts'

/** An operator has taken the conversation over: nothing more is said to the agent. */
export class HandedOffError extends Error {
  override name = 'HandedOffError'
}

/** Whether an operator has the conversation, as far as this turn knows. */
export function isHandedOff({ conversation: { hand } }: TurnContext): boolean {
  return hand !== undefined
}

/**
 * Asks in the very step that puts a completion on record. Whoever takes the conversation over later finds that record before
 * the own one: the completion was in progress by then.
 */
export function handOf({ keys }: TurnContext): Effect {
  return ['HGET', keys.record, 'hand']
}

/**
 * @param hand what Redis answered to {@link handOf}; undefined: that answer got lost, and is asked for again
 * @throws HandedOffError
 */
export async function assertNotHandedOff(context: TurnContext, hand: unknown): Promise<void> {
  const { redis, keys } = context
  const now = hand === undefined ? await redis.hget(keys.record, 'hand') : hand
  if (now) throw new HandedOffError('an operator has the conversation')
}

/** The message is shown to the operator, and is not for the agent. */
export function keptForOperator(context: TurnContext): Verdict {
  const { conversation, item, prefix } = context
  const { attempt } = conversation
  const said = attempt?.kind === 'completion' && attempt.item === item
  const effects = [
    ...change(context, {
      ...afterwards(context, undefined),
      ...(said && { attempt: null }),
      ...(conversation.gathers && { gathers: '' }),
    }),
    ...rearm(context, Date.now()),
    ...statusEffects(prefix, conversation.id, item, 'handed_off'),
  ]
  return { do: 'commit', effects }
}
