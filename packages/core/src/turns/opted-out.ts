import type { Verdict } from '@chatlane/lanes'
import type { MessageItem } from '../conversations/items.ts'
import { statusEffects } from '../conversations/ledger.ts'
import { pairOf } from '../conversations/opt-outs.ts'
import { addressOf } from '../conversations/reply-address.ts'
import { change, type TurnContext } from './context.ts'
import { afterwards } from './group.ts'

/**
 * A message that waited while its person opted out is dropped: nobody would get its answer. One that was said already stays on
 * record as an attempt; the next message finds out what it did to the chat's history. Undefined: it is to be answered.
 */
export async function droppedMessage(context: TurnContext, { via }: MessageItem): Promise<Verdict | undefined> {
  const { conversation, conversations, item, prefix, metrics } = context
  const address = via ?? addressOf(conversation)
  if (address.channel === 'web' || !(await conversations.optOuts.blocks(pairOf(address), item))) return undefined
  metrics.dropped('opted_out')
  const left = { ...afterwards(context, undefined), ...(conversation.gathers && { gathers: '' }) }
  const effects = [...change(context, left), ...statusEffects(prefix, conversation.id, item, 'dropped', 'opted_out')]
  return { do: 'commit', effects }
}
