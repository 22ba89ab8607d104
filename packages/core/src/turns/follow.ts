import { replyOf } from '../conversations/reply-address.ts'
import type { TurnContext } from './context.ts'

/**
 * Reads once more where the participant wrote last: while an answer was made they may have gone on from another address. Asks
 * nobody for a conversation that never had but one.
 */
export async function followParticipant({ conversation, redis, keys, via }: TurnContext): Promise<void> {
  if (conversation.links.length === 0 && conversation.movedTo === undefined) return
  const [stored, moved] = await redis.hmget(keys.record, 'reply', 'moved')
  // What came from an address that has left the conversation meanwhile is still answered there.
  const reply = replyOf(stored) ?? (moved ? via : undefined)
  if (reply) conversation.reply = reply
  else delete conversation.reply
}
