import type { Chat } from './chat.ts'
import { statusOf } from './chat-view.ts'
import type { UponAIClient } from './client.ts'
import type { CallOptions, ChatFilter } from './requests.ts'

/** Requests that one page of ours may cost while nothing fits. */
const MOST_REQUESTS = 10

export interface ChatSearch {
  /** 1 to 1000. */
  limit: number
  sortOrder: 'ascending' | 'descending'
  /** What an earlier page gave as its next. */
  cursor?: string | undefined
  filter: ChatFilter
}

export interface FoundChats {
  /** At most `limit`; may be fewer, and none, although there are more. */
  chats: Chat[]
  /** Absent at the end. */
  next?: string | undefined
}

/**
 * UponAI's chats that fit, by their start. Only `rpc` can be asked for some of its chats, so what comes is looked through here:
 * a page holds what fits of as many chats as were asked for, and is empty only when ten such requests found nothing.
 */
export async function findChats(
  uponai: Pick<UponAIClient, 'listChats'>,
  { limit, sortOrder, cursor, filter }: ChatSearch,
  options: CallOptions = {},
): Promise<FoundChats> {
  let paginationKey = cursor
  for (let request = 1; ; request++) {
    const page = await uponai.listChats({ limit, sortOrder, paginationKey, filter }, options)
    const chats = page.chats.filter((chat) => fits(chat, filter))
    const end = page.next === paginationKey || isBehind(page.chats.at(-1), sortOrder, filter)
    const next = end ? undefined : page.next
    if (chats.length > 0 || next === undefined || request === MOST_REQUESTS) return { chats, next }
    paginationKey = next
  }
}

function fits(chat: Chat, { agentId, status, startedAfter, startedBefore }: ChatFilter): boolean {
  return (
    (agentId === undefined || chat.agentId === agentId) &&
    (status === undefined || statusOf(chat) === status) &&
    (startedAfter === undefined || (chat.startedAt !== undefined && chat.startedAt >= startedAfter)) &&
    (startedBefore === undefined || (chat.startedAt !== undefined && chat.startedAt <= startedBefore))
  )
}

/** All that follow are further away still. */
function isBehind(
  last: Chat | undefined,
  sortOrder: ChatSearch['sortOrder'],
  { startedAfter, startedBefore }: ChatFilter,
): boolean {
  if (last?.startedAt === undefined) return false
  if (sortOrder === 'descending') return startedAfter !== undefined && last.startedAt < startedAfter
  return startedBefore !== undefined && last.startedAt > startedBefore
}
