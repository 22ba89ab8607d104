import type { Verdict } from '@chatlane/lanes'
import { conversationItem } from '../conversations/items.ts'
import { conversationKeys } from '../conversations/keys.ts'
import { ledgerEffect } from '../conversations/ledger.ts'
import { announce, change, rearm, type TurnContext } from './context.ts'
import { outgoing } from './outgoing.ts'

/**
 * Closes the chat if it is still inactive: between the deadline and this turn a message may have been answered, and one may
 * wait behind. In both cases the deadline is set anew.
 */
export async function doClose(context: TurnContext): Promise<Verdict> {
  const { conversation, settings, turn } = context
  const due = conversation.lastActivityAt + settings.autoCloseAfterMs
  if (conversation.chatId === undefined || settings.autoCloseAfterMs === 0) return { do: 'commit' }
  const messageBehind = turn.behind.some(({ data }) => conversationItem.parse(JSON.parse(data)).kind === 'message')
  if (messageBehind || Date.now() < due) return { do: 'commit', effects: rearm(context, conversation.lastActivityAt) }
  await endChat(context, conversation.chatId)
  return closed(context, 'inactive', settings.autoCloseMessage)
}

/** Ends the chat because someone asked for it. */
export async function doEnd(context: TurnContext): Promise<Verdict> {
  const { conversation } = context
  if (conversation.chatId !== undefined) await endChat(context, conversation.chatId)
  return closed(context, 'requested')
}

async function endChat({ uponai, turn, conversation }: TurnContext, chatId: string): Promise<void> {
  if (chatId === conversation.endedChatId) return
  turn.assertLease(1_000)
  await uponai.endChat(chatId, { signal: turn.signal })
}

/** The commit of a closing. Its text is no activity: it sets no deadline and opens nothing. */
export function closed(context: TurnContext, reason: 'inactive' | 'requested' | 'unreachable', text?: string): Verdict {
  const { conversation, prefix } = context
  const { chatId } = conversation
  const before = [
    ...change(context, { chat: '', known: 0, closed: '1', attempt: null }),
    ['ZREM', conversationKeys(prefix, conversation.id).closing, conversation.id] as const,
  ]
  const { effects, adds } = outgoing(context, text === undefined ? [] : [{ role: 'system', text }], before)
  const entry = {
    kind: 'conversation' as const,
    status: 'closed' as const,
    reason,
    ...(chatId !== undefined && { chatId }),
  }
  return { do: 'commit', effects: [...effects, ledgerEffect(prefix, conversation.id, entry), announce(context)], adds }
}
