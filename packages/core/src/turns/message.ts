import type { Verdict } from '@chatlane/lanes'
import { keepEffects } from '../conversations/conversation.ts'
import { ledgerEffect } from '../conversations/ledger.ts'
import { ChatlaneError } from '../errors/chatlane-error.ts'
import { agentTexts } from '../uponai/client.ts'
import { attempted } from './attempt.ts'
import { announce, change, rearm, type TurnContext } from './context.ts'
import { spoken } from './history.ts'
import { openChat } from './open-chat.ts'
import { outgoing } from './outgoing.ts'
import { settle } from './settle.ts'

/** Chats that one try may find over before it gives its place to the next try. */
const MOST_CHATS_PER_TRY = 2

/** Brings one message to UponAI and its answer back. Failures that have a place in the error catalog are thrown. */
export async function doMessage(context: TurnContext, text: string): Promise<Verdict> {
  const { conversation } = context
  if (conversation.attempt?.kind === 'completion') {
    const settled = await settle(context, conversation.attempt, text)
    if (settled.outcome === 'verdict') return settled.verdict
    if (settled.outcome === 'answered') return answer(context, settled.texts, settled.length)
    if (settled.chatOver) leaveChat(context)
  }
  if (conversation.chatId !== undefined && conversation.chatId === conversation.endedChatId) leaveChat(context)
  for (let chats = 1; ; chats++) {
    if (conversation.chatId === undefined) await openChat(context)
    try {
      return await complete(context, text)
    } catch (error) {
      const gone = error instanceof ChatlaneError && error.handling === 'gone'
      if (!gone || chats >= MOST_CHATS_PER_TRY) throw error
      leaveChat(context)
    }
  }
}

/**
 * Finds out what became of a message whose tries are spent, and says nothing again. Undefined when it was not said, or nobody
 * knows of a call.
 */
export async function settleMessage(context: TurnContext, text: string): Promise<Verdict | undefined> {
  const { attempt } = context.conversation
  if (attempt?.kind !== 'completion' || attempt.item !== context.item) return undefined
  const settled = await settle(context, attempt, text)
  if (settled.outcome === 'answered') return answer(context, settled.texts, settled.length)
  return settled.outcome === 'verdict' ? settled.verdict : undefined
}

/** The chat is over on the other side; the record learns it with the next chat's opening. */
function leaveChat({ conversation }: TurnContext): void {
  delete conversation.chatId
  delete conversation.attempt
}

async function complete(context: TurnContext, text: string): Promise<Verdict> {
  const { conversation, uponai } = context
  const chatId = conversation.chatId ?? ''
  const typing = ['PUBLISH', context.keys.live, `typing ${conversation.id}`] as const
  const meanwhile = conversation.channel === 'web' ? [typing] : []
  const messages = await attempted(context, 'completion', chatId, meanwhile, (options) =>
    uponai.complete(chatId, text, options),
  )
  return answer(context, agentTexts(messages), conversation.knownLength + 1 + spoken(messages).length)
}

/** The commit of an answer: ledger, deliveries, the chat's known length and the new deadline in one step. */
function answer(context: TurnContext, texts: string[], length: number): Verdict {
  const { conversation, item, prefix } = context
  const now = Date.now()
  const before = [
    ...change(context, { known: length, last: now, closed: '', attempt: null }),
    ...keepEffects(prefix, conversation.id, now),
    ...rearm(context, now),
  ]
  const said = texts.map((text) => ({ role: 'agent' as const, text, answers: item }))
  const { effects, adds } = outgoing(context, said, before)
  const silent = { kind: 'status' as const, message: item, status: 'answered' as const }
  if (texts.length === 0) effects.push(ledgerEffect(prefix, conversation.id, silent))
  return { do: 'commit', effects: [...effects, announce(context)], adds }
}
