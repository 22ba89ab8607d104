import { withLost } from '../conversations/conversation.ts'
import { ChatlaneError } from '../errors/chatlane-error.ts'
import type { Chat } from '../uponai/client.ts'
import { change, lateAt, type TurnContext } from './context.ts'

/** Of the newest chats, how many are asked for at a time, and looked through at most. */
const PAGE = 200
const MOST_LOOKED_AT = 20_000

/** A chat that began so long before our call is not the one it made, however wrong a clock is. */
const CLOCK_TOLERANCE_MS = 60_000

/** The metadata field that names the attempt by which a chat was made. */
export const ATTEMPT_FIELD = 'chatlane_attempt'

/** The open chat that the attempt on record made without our hearing of it. */
export async function unheardOf(context: TurnContext): Promise<Chat | undefined> {
  const { attempt } = context.conversation
  if (attempt?.kind !== 'create') return undefined
  for await (const chat of madeSince(context, attempt.at)) {
    if (chat.metadata?.[ATTEMPT_FIELD] !== attempt.target) continue
    return chat.over ? undefined : await openOne(context, chat.chatId)
  }
  return undefined
}

/**
 * Ends the chats of attempts that were not to be found at first: a request may take effect long after its caller has left.
 * What is not there when that can no longer be is forgotten.
 */
export async function endLost(context: TurnContext): Promise<void> {
  const { conversation, uponai, turn } = context
  const lost = withLost(conversation)
  const [first] = lost
  if (!first) return
  const names = new Set(lost.map(({ name }) => name))
  for await (const chat of madeSince(context, first.at)) {
    const name = chat.metadata?.[ATTEMPT_FIELD]
    if (typeof name !== 'string' || !names.delete(name)) continue
    if (!chat.over) await uponai.endChat(chat.chatId, { signal: turn.signal })
    if (names.size === 0) break
  }
  const left = lost.filter(({ name, at }) => names.has(name) && Date.now() < lateAt(at, context.createGraceMs))
  const settled = conversation.attempt?.kind === 'create' ? { attempt: null } : {}
  await turn.record(change(context, { lost: left, ...settled }))
  conversation.lost = left
  if (conversation.attempt?.kind === 'create') delete conversation.attempt
}

/** The newest first, back to that time. */
async function* madeSince({ uponai, turn }: TurnContext, at: number): AsyncGenerator<Chat> {
  let looked = 0
  for await (const chat of uponai.eachChat({ limit: PAGE, sortOrder: 'descending' }, { signal: turn.signal })) {
    if (chat.startedAt !== undefined && chat.startedAt.getTime() < at - CLOCK_TOLERANCE_MS) return
    yield chat
    if (++looked === MOST_LOOKED_AT) return
  }
}

/** A list may leave the messages out; the greeting is among them. */
async function openOne({ uponai, turn }: TurnContext, chatId: string): Promise<Chat | undefined> {
  try {
    const chat = await uponai.getChat(chatId, { signal: turn.signal })
    return chat.over ? undefined : chat
  } catch (error) {
    if (error instanceof ChatlaneError && error.handling === 'gone') return undefined
    throw error
  }
}
