import type { Verdict } from '@chatlane/lanes'
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
 * Asked when a completion is on record and just about to begin. Whoever takes the conversation over later finds that record
 * before the own one: the completion was in progress by then.
 * @throws HandedOffError
 */
export async function assertNotHandedOff({ redis, keys }: TurnContext): Promise<void> {
  if (await redis.hget(keys.record, 'hand')) throw new HandedOffError('an operator has the conversation')
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
