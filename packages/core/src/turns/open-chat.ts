import { randomUUID } from 'node:crypto'
import { ledgerEffect } from '../conversations/ledger.ts'
import { ChatlaneError } from '../errors/chatlane-error.ts'
import { agentTexts, type Chat } from '../uponai/client.ts'
import { attempted } from './attempt.ts'
import { announce, change, rearm, type TurnContext } from './context.ts'
import { spoken } from './history.ts'
import { outgoing } from './outgoing.ts'

/** How many of the newest chats are looked through for one that an unclear create may have made. */
const NEWEST = 100

/** The metadata field that names the attempt by which a chat was made. */
const ATTEMPT_FIELD = 'chatlane_attempt'

/** Opens a chat for the conversation, or adopts the one that an earlier, unclear try made; records it before it returns. */
export async function openChat(context: TurnContext): Promise<void> {
  const { conversation, turn } = context
  const chat = (await adoptable(context)) ?? (await create(context))
  const greeting = context.settings.greeting === 'show' ? agentTexts(chat.messages) : []
  const known = spoken(chat.messages).length
  const now = Date.now()
  const begin = [
    ...change(context, { chat: chat.chatId, known, closed: '', attempt: null }),
    ledgerEffect(context.prefix, conversation.id, { kind: 'conversation', status: 'open', chatId: chat.chatId }),
  ]
  const { effects, adds } = outgoing(
    context,
    greeting.map((text) => ({ role: 'agent', text })),
    begin,
  )
  await turn.record(
    [...effects, ...rearm(context, Math.max(conversation.lastActivityAt, now)), announce(context)],
    adds,
  )
  conversation.chatId = chat.chatId
  conversation.knownLength = known
  delete conversation.attempt
}

async function create(context: TurnContext): Promise<Chat> {
  const { conversation, uponai, turn } = context
  const name = randomUUID()
  const input = {
    agentId: conversation.agentId,
    metadata: { ...conversation.metadata, conversation_id: conversation.id, [ATTEMPT_FIELD]: name },
    ...(conversation.dynamicVariables && { dynamicVariables: conversation.dynamicVariables }),
  }
  return attempted(context, 'create', name, [], () => uponai.createChat(input, { signal: turn.signal }))
}

/** The chat that an earlier try made without our hearing of it. */
async function adoptable({ conversation, uponai, turn }: TurnContext): Promise<Chat | undefined> {
  const { attempt } = conversation
  if (attempt?.kind !== 'create') return undefined
  const { chats } = await uponai.listChats({ limit: NEWEST, sortOrder: 'descending' }, { signal: turn.signal })
  const found = chats.find((chat) => !chat.over && chat.metadata?.[ATTEMPT_FIELD] === attempt.target)
  if (!found) return undefined
  try {
    // A list may leave the messages out; the greeting is among them.
    return await uponai.getChat(found.chatId, { signal: turn.signal })
  } catch (error) {
    if (error instanceof ChatlaneError && error.handling === 'gone') return undefined
    throw error
  }
}
