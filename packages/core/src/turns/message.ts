import type { Verdict } from '@chatlane/lanes'
import { activityEffect } from '../conversations/conversation.ts'
import { toldEffects } from '../conversations/handoff-fields.ts'
import type { MessageItem } from '../conversations/items.ts'
import { ledgerEffect } from '../conversations/ledger.ts'
import { ChatlaneError } from '../errors/chatlane-error.ts'
import { agentTexts } from '../uponai/client.ts'
import { attempted } from './attempt.ts'
import { announce, change, rearm, type TurnContext } from './context.ts'
import { followParticipant } from './follow.ts'
import { afterwards, follow, gather, groupOf, headAlone } from './group.ts'
import { HandedOffError, isHandedOff, keptForOperator } from './handed-off.ts'
import { spoken } from './history.ts'
import { answeredExchange } from './loop.ts'
import { openChat } from './open-chat.ts'
import { outgoing } from './outgoing.ts'
import { settle } from './settle.ts'

/** Chats that one try may find over before it gives its place to the next try. */
const MOST_CHATS_PER_TRY = 2

/** Brings one message to UponAI and its answer back. Failures that have a place in the error catalog are thrown. */
export async function doMessage(context: TurnContext, message: MessageItem): Promise<Verdict> {
  if (message.via) context.via = message.via
  const { conversation } = context
  const { attempt } = conversation
  const group = groupOf(context)
  // To an operator it is all the same what an earlier message did to the chat.
  if (attempt?.kind === 'completion' && (attempt.item === context.item || !isHandedOff(context))) {
    const settled = await settle(context, attempt, group?.text ?? message.text)
    if (settled.outcome === 'verdict') return settled.verdict
    if (settled.outcome === 'answered') return answer(context, settled.texts, settled.length)
    if (settled.chatOver) leaveChat(context)
  }
  if (isHandedOff(context)) return keptForOperator(context)
  const gathered = group ? { text: group.text ?? message.text } : await gather(context, message)
  if ('verdict' in gathered) return gathered.verdict
  let { text } = gathered
  if (conversation.chatId !== undefined && conversation.chatId === conversation.endedChatId) leaveChat(context)
  for (let chats = 1; ; ) {
    if (conversation.chatId === undefined) await openChat(context)
    try {
      return await complete(context, text)
    } catch (error) {
      if (error instanceof HandedOffError) return keptForOperator(context)
      const handling = error instanceof ChatlaneError ? error.handling : undefined
      const alone = handling === 'permanent' ? await headAlone(context, message) : undefined
      if (alone !== undefined) text = alone
      else if (handling !== 'gone' || chats++ >= MOST_CHATS_PER_TRY) throw error
      else leaveChat(context)
    }
  }
}

/**
 * Finds out what became of a message whose tries are spent, and says nothing again. Undefined when it was not said, or nobody
 * knows of a call.
 */
export async function settleMessage(context: TurnContext, message: MessageItem): Promise<Verdict | undefined> {
  if (message.via) context.via = message.via
  const followed = follow(context)
  if (followed) return followed
  const { attempt } = context.conversation
  if (attempt?.kind !== 'completion' || attempt.item !== context.item) return undefined
  const settled = await settle(context, attempt, groupOf(context)?.text ?? message.text)
  if (settled.outcome === 'answered') return answer(context, settled.texts, settled.length)
  return settled.outcome === 'verdict' ? settled.verdict : undefined
}

/** The chat is over on the other side; record and ledger learn it with the next chat's opening. */
export function leaveChat(context: TurnContext): void {
  const { conversation } = context
  if (conversation.chatId !== undefined) context.leftChat = conversation.chatId
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
async function answer(context: TurnContext, texts: string[], length: number): Promise<Verdict> {
  const { conversation, item, prefix } = context
  await followParticipant(context)
  const now = Date.now()
  const group = groupOf(context)
  context.metrics.completion(1 + (group?.others.length ?? 0))
  const before = [
    ...change(context, {
      known: length,
      last: now,
      closed: '',
      attempt: null,
      ...answeredExchange(context, texts, now),
      ...afterwards(context, 'answered'),
    }),
    ...toldEffects(prefix, conversation.id, group?.accounts ?? []),
    // Its time to live began anew with the message.
    activityEffect(prefix, conversation.id, now),
    ...rearm(context, now),
  ]
  const words = group?.text === undefined ? {} : { said: group.text }
  const said = texts.map((text, i) => ({ role: 'agent' as const, text, answers: item, ...(i === 0 && words) }))
  const { effects, adds } = outgoing(context, said, before)
  const answered = { kind: 'status' as const, status: 'answered' as const }
  const silent = texts.length === 0 ? [{ ...answered, message: item, ...words }] : []
  const together = (group?.others ?? []).map((message) => ({ ...answered, message, with: item }))
  effects.push(...[...silent, ...together].map((entry) => ledgerEffect(prefix, conversation.id, entry)))
  return { do: 'commit', effects: [...effects, announce(context)], adds }
}
