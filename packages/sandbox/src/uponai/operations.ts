import type { Delay } from '../exchange.ts'
import { versionOf } from './agents.ts'
import { addItems, addUserText, type Chat, type ChatMessage } from './chats.ts'
import { Refusal } from './refusal.ts'
import type { Upstream } from './upstream.ts'

export interface CreateInput {
  agentId: string
  /** By default the newest. */
  agentVersion?: number | string | undefined
  metadata?: Record<string, unknown> | undefined
  dynamicVariables?: Record<string, string> | undefined
  /** The agent writes first, by SMS. */
  type?: Chat['type']
}

export interface UpdateInput {
  chatId: string
  metadata?: Record<string, unknown> | undefined
  customAttributes?: Record<string, unknown> | undefined
  overrideDynamicVariables?: Record<string, string> | null | undefined
}

export interface ListInput {
  ascending: boolean
  limit: number
  skip?: number | undefined
  paginationKey?: string | undefined
  includeTotal?: boolean
  accepts?: ((chat: Chat) => boolean) | undefined
}

export interface ChatPage {
  chats: Chat[]
  /** Opaque; null on the last page. */
  next: string | null
  total?: number
}

function chatOf(upstream: Upstream, chatId: string): Chat {
  const chat = upstream.chats.get(chatId)
  if (chat === undefined || chat.deleted) throw new Refusal('unknown', `Chat ${chatId} not found`)
  return chat
}

/** The chat exists from the arrival of the request on, whether or not its caller waits for the answer. */
export async function createChat(
  upstream: Upstream,
  dialect: 'rest' | 'rpc',
  input: CreateInput,
  delay: Delay,
): Promise<Chat> {
  const { agentId, metadata, dynamicVariables, type = 'api_chat' } = input
  const { number: agentVersion } = versionOf(upstream.agents.get(agentId), input.agentVersion)
  const greeting = upstream.script.greetingOf(agentId)
  const { chat } = upstream.chats.create({
    agentId,
    agentVersion,
    dialect,
    type,
    metadata,
    dynamicVariables,
    greeting,
  })
  await delay()
  return chat
}

/** Stores the user's text, waits, and answers; goes on to its end even when the caller has left. */
export async function complete(
  upstream: Upstream,
  input: { chatId: string; content: string },
  delay: Delay,
): Promise<ChatMessage[]> {
  const chat = chatOf(upstream, input.chatId)
  refuseIfEnded(chat)
  chat.working += 1
  chat.maxWorking = Math.max(chat.maxWorking, chat.working)
  try {
    const storedOnArrival = upstream.settings.text_stored === 'arrival'
    if (storedOnArrival) addUserText(chat, input.content)
    await delay()
    if (!storedOnArrival) {
      refuseIfEnded(chat)
      addUserText(chat, input.content)
    }
    const { items, endChat } = upstream.script.answerTo(chat.agentId, input.content)
    chat.completions += 1
    const returned = addItems(chat, items)
    if (endChat) upstream.chats.end(chat, 'agent')
    return returned
  } finally {
    chat.working -= 1
  }
}

function refuseIfEnded(chat: Chat): void {
  if (chat.status === 'ended') throw new Refusal('ended', `Chat ${chat.id} has already ended`)
}

export async function getChat(upstream: Upstream, chatId: string, delay: Delay): Promise<Chat> {
  await delay()
  return chatOf(upstream, chatId)
}

/** Given fields replace what was there; there is no merging. */
export async function updateChat(upstream: Upstream, input: UpdateInput, delay: Delay): Promise<Chat> {
  const chat = chatOf(upstream, input.chatId)
  if (input.metadata !== undefined) chat.metadata = input.metadata
  if (input.customAttributes !== undefined) chat.customAttributes = input.customAttributes
  if (input.overrideDynamicVariables !== undefined) {
    chat.overrideDynamicVariables = input.overrideDynamicVariables ?? undefined
  }
  await delay()
  return chat
}

/** True when this call ended the chat, false when it was over before and that counts as a success. */
export async function endChat(upstream: Upstream, chatId: string, delay: Delay): Promise<boolean> {
  const chat = chatOf(upstream, chatId)
  const ended = upstream.chats.end(chat, 'api')
  if (!ended && upstream.settings.end_when_ended === 'error') refuseIfEnded(chat)
  await delay()
  return ended
}

/** What was said in it goes at once, whether or not the caller waits for the answer. */
export async function deleteChat(upstream: Upstream, chatId: string, delay: Delay): Promise<void> {
  const chat = chatOf(upstream, chatId)
  chat.deleted = true
  chat.messages = []
  await delay()
}

/** The analysis comes again, with its webhook. */
export async function rerunAnalysis(upstream: Upstream, chatId: string, delay: Delay): Promise<Chat> {
  const chat = chatOf(upstream, chatId)
  if (chat.status !== 'ended') throw new Refusal('invalid', `Chat ${chatId} has not ended`)
  upstream.chats.analyseAgain(chat)
  await delay()
  return chat
}

/** Chats by start time; the pagination key stands for the last chat of the page before. */
export async function listChats(upstream: Upstream, input: ListInput, delay: Delay): Promise<ChatPage> {
  await delay()
  const { all } = upstream.chats
  const accepts = (chat: Chat) => !chat.deleted && (input.accepts?.(chat) ?? true)
  const step = input.ascending ? 1 : -1
  let position = input.ascending ? 0 : all.length - 1
  if (input.paginationKey !== undefined) position = positionOf(upstream, input.paginationKey) + step
  const chats: Chat[] = []
  let toSkip = input.skip ?? 0
  let more = false
  for (; position >= 0 && position < all.length; position += step) {
    const chat = all[position]
    if (chat === undefined || !accepts(chat)) continue
    if (toSkip > 0) {
      toSkip -= 1
      continue
    }
    if (chats.length === input.limit) {
      more = true
      break
    }
    chats.push(chat)
  }
  const last = chats.at(-1)
  const next = more && last !== undefined ? Buffer.from(last.id).toString('base64url') : null
  return input.includeTotal ? { chats, next, total: all.filter(accepts).length } : { chats, next }
}

function positionOf(upstream: Upstream, paginationKey: string): number {
  const chat = upstream.chats.get(Buffer.from(paginationKey, 'base64url').toString())
  if (chat === undefined) throw new Refusal('invalid', 'pagination_key: not a key of this list')
  return chat.index
}
