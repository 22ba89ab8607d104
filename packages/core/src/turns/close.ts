import type { Verdict } from '@chatlane/lanes'
import { ledgerEffect } from '../conversations/ledger.ts'
import { readNewest } from '../conversations/read-ledger.ts'
import { announce, change, lookLater, rearm, type TurnContext } from './context.ts'
import { isHandedOff } from './handed-off.ts'
import { outgoing } from './outgoing.ts'
import { endLost } from './unheard-chats.ts'

/**
 * Closes the chat if it is still inactive: between the deadline and this turn a message may have been answered, and one may
 * wait behind. In both cases the deadline is set anew.
 */
export async function doClose(context: TurnContext): Promise<Verdict> {
  const { conversation, settings, lanes } = context
  await endLost(context)
  if (settings.autoCloseAfterMs === 0) return { do: 'commit', effects: lookLater(context) }
  // An end that an earlier try began is brought to its end: the chat may be over already.
  if (!isEnding(context)) {
    // The deadline goes on when the agent does.
    if (isHandedOff(context)) return { do: 'commit', effects: rearm(context, Date.now()) }
    const due = conversation.lastActivityAt + settings.autoCloseAfterMs
    // This item is one of those that wait.
    const waits = (await lanes.waiting(conversation.id)) > 1
    if (waits || Date.now() < due) return { do: 'commit', effects: rearm(context, conversation.lastActivityAt) }
  }
  const text = settings.autoCloseMessage !== undefined && (await wasAnythingSaid(context))
  if (await endChat(context)) return closed(context, 'inactive', text ? settings.autoCloseMessage : undefined)
  return { do: 'commit', effects: lookLater(context) }
}

/** Whatever a closing decided, it makes room for the next one of its shard (`moveDue`): also one that is to be tried again. */
export function leavePlace({ keys, conversation }: TurnContext, verdict: Verdict): Verdict {
  return { ...verdict, effects: [...(verdict.effects ?? []), ['ZREM', keys.closings, conversation.id]] }
}

/** Ends the chat because someone asked for it. */
export async function doEnd(context: TurnContext): Promise<Verdict> {
  await endLost(context)
  await endChat(context)
  return closed(context, 'requested')
}

/** The other side ended the chat: only that is left to be said, unless a message has opened another one. */
export function doEnded(context: TurnContext, chatId: string): Verdict {
  if (context.conversation.chatId !== chatId) return { do: 'commit' }
  // For who has the conversation now it goes on; the agent goes on in another chat.
  if (isHandedOff(context)) return { do: 'commit' }
  return closed(context, 'ended_upstream')
}

/** Ledger entries per look; what was said last is mostly among the newest. */
const LOOKED_AT = 50

/** Whether anyone said anything since the chat before was closed: else a closing text would be all that the person ever gets. */
async function wasAnythingSaid({ redis, prefix, conversation }: TurnContext): Promise<boolean> {
  for (let end = '+'; ; ) {
    const entries = await readNewest(redis, prefix, conversation.id, end, LOOKED_AT)
    for (const { entry } of entries) {
      if (entry.kind === 'message' && (entry.role !== 'system' || entry.by !== undefined)) return true
      if (entry.kind === 'conversation' && entry.status === 'closed') return false
    }
    const last = entries.at(-1)
    if (!last || entries.length < LOOKED_AT) return false
    end = `(${last.id}`
  }
}

function isEnding({ conversation: { chatId, endingChatId } }: TurnContext): boolean {
  return chatId !== undefined && chatId === endingChatId
}

/** False when there was no chat to end. */
async function endChat(context: TurnContext): Promise<boolean> {
  const { uponai, turn, conversation } = context
  const { chatId } = conversation
  if (chatId === undefined) return false
  if (chatId === conversation.endedChatId) return true
  // From here on nothing more may be said in it, whatever becomes of this try.
  if (!isEnding(context)) await turn.record(change(context, { ending: chatId }))
  turn.assertLease(1_000)
  await uponai.endChat(chatId, { signal: turn.signal })
  return true
}

/** The commit of a closing. Its text is no activity: it sets no deadline and opens nothing. */
function closed(context: TurnContext, reason: 'inactive' | 'requested' | 'ended_upstream', text?: string): Verdict {
  const { conversation, prefix } = context
  const { chatId } = conversation
  const before = [
    ...change(context, { chat: '', ending: '', known: 0, closed: '1', attempt: null, opening: '' }),
    ['ZREM', context.keys.closing, conversation.id] as const,
    ...lookLater(context),
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
