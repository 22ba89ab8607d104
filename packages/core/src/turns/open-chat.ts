import { randomUUID } from 'node:crypto'
import { keepEffects } from '../conversations/conversation.ts'
import { ledgerEffect } from '../conversations/ledger.ts'
import { ChatlaneError } from '../errors/chatlane-error.ts'
import { agentTexts, type Chat } from '../uponai/client.ts'
import { attempted } from './attempt.ts'
import { announce, change, rearm, type TurnContext } from './context.ts'
import { spoken } from './history.ts'
import { outgoing } from './outgoing.ts'

/** Of the newest chats, how many are asked for at a time, and looked through at most, for one that an unclear create made. */
const PAGE = 100
const MOST_LOOKED_AT = 2_000

/** A chat that began so long before our call is not the one it made, however wrong a clock is. */
const CLOCK_TOLERANCE_MS = 60_000

/** The metadata field that names the attempt by which a chat was made. */
const ATTEMPT_FIELD = 'chatlane_attempt'

/** Opens a chat for the conversation, or adopts the one that an earlier, unclear try made; records it before it returns. */
export async function openChat(context: TurnContext): Promise<void> {
  const { conversation, turn } = context
  const chat = (await unheardOf(context)) ?? (await create(context))
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
  // A page that is left after its greeting must not leave a ledger behind for ever.
  const kept = keepEffects(context.prefix, conversation.id, conversation.lastActivityAt)
  const deadline = rearm(context, Math.max(conversation.lastActivityAt, now))
  await turn.record([...effects, ...kept, ...deadline, announce(context)], adds)
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
  // From here on the chat before is left, whatever becomes of this: else the next try would go to it, and forget this one.
  const left = change(context, { chat: '', known: 0 })
  return attempted(context, 'create', name, left, () => uponai.createChat(input, { signal: turn.signal }))
}

/** The open chat that an earlier try made without our hearing of it. */
export async function unheardOf({ conversation, uponai, turn }: TurnContext): Promise<Chat | undefined> {
  const { attempt } = conversation
  if (attempt?.kind !== 'create') return undefined
  const options = { signal: turn.signal }
  let looked = 0
  for await (const chat of uponai.eachChat({ limit: PAGE, sortOrder: 'descending' }, options)) {
    if (chat.metadata?.[ATTEMPT_FIELD] === attempt.target) {
      // A list may leave the messages out; the greeting is among them.
      return chat.over ? undefined : await openOne(() => uponai.getChat(chat.chatId, options))
    }
    const older = chat.startedAt !== undefined && chat.startedAt.getTime() < attempt.at - CLOCK_TOLERANCE_MS
    if (older || ++looked === MOST_LOOKED_AT) return undefined
  }
  return undefined
}

async function openOne(read: () => Promise<Chat>): Promise<Chat | undefined> {
  try {
    const chat = await read()
    return chat.over ? undefined : chat
  } catch (error) {
    if (error instanceof ChatlaneError && error.handling === 'gone') return undefined
    throw error
  }
}
