import { randomUUID } from 'node:crypto'
import { keepEffects, withLost } from '../conversations/conversation.ts'
import { ledgerEffect } from '../conversations/ledger.ts'
import { agentTexts, type Chat } from '../uponai/client.ts'
import { attempted } from './attempt.ts'
import { announce, change, rearm, type TurnContext } from './context.ts'
import { spoken } from './history.ts'
import { outgoing } from './outgoing.ts'
import { ATTEMPT_FIELD, unheardOf } from './unheard-chats.ts'

/** Opens a chat for the conversation, or adopts the one that an earlier, unclear try made; records it before it returns. */
export async function openChat(context: TurnContext): Promise<void> {
  const { conversation, turn } = context
  const chat = (await unheardOf(context)) ?? (await create(context))
  // It came to a chat: no further one is to be looked for on its account.
  delete conversation.attempt
  const greeting = context.settings.greeting === 'show' ? agentTexts(chat.messages) : []
  const known = spoken(chat.messages).length
  const certain = { length: known, since: '' }
  const now = Date.now()
  const begin = [
    ...change(context, { chat: chat.chatId, known, certain, closed: '', attempt: null }),
    ledgerEffect(context.prefix, conversation.id, { kind: 'conversation', status: 'open', chatId: chat.chatId }),
  ]
  const { effects, adds } = outgoing(
    context,
    greeting.map((text) => ({ role: 'agent', text })),
    begin,
  )
  // A page that is left after its greeting must not leave a ledger behind for ever.
  const kept = keepEffects(context.prefix, conversation.id, conversation.lastActivityAt)
  const deadline = rearm(context, Math.max(conversation.lastActivityAt, now))
  await turn.record([...effects, ...kept, ...deadline, announce(context)], adds)
  conversation.chatId = chat.chatId
  conversation.knownLength = known
  conversation.certain = certain
}

async function create(context: TurnContext): Promise<Chat> {
  const { conversation, uponai } = context
  const name = randomUUID()
  const input = {
    agentId: conversation.agentId,
    metadata: { ...conversation.metadata, conversation_id: conversation.id, [ATTEMPT_FIELD]: name },
    ...(conversation.dynamicVariables && { dynamicVariables: conversation.dynamicVariables }),
  }
  conversation.lost = withLost(conversation)
  // From here on the chat before is left, whatever becomes of this: else the next try would go to it, and forget this one.
  const left = change(context, { chat: '', known: 0, ...(conversation.attempt && { lost: conversation.lost }) })
  return attempted(context, 'create', name, left, (options) => uponai.createChat(input, options))
}
