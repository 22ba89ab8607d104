import type { Post } from '../caller.ts'
import type { WebhookEntry } from '../history/entries.ts'
import type { History } from '../history/history.ts'
import { below, type Settings } from '../settings.ts'
import type { Waits } from '../waits.ts'
import { rpcChat } from './chat-shapes.ts'
import type { Chat, ChatListeners } from './chats.ts'
import { signWebhook } from './signature.ts'

const timeoutMs = 10_000
const retries = 3

interface WebhookParts {
  settings: Settings
  history: History
  waits: Waits
  post: Post
  key: string
  header: string
}

/** chat_started, chat_ended, chat_analyzed: in order per chat, but a failing one does not hold up the next. */
export function webhookListeners(parts: WebhookParts): ChatListeners {
  const lastOf = new WeakMap<Chat, Promise<unknown>>()
  const emit = (chat: Chat, event: string) => {
    if (!parts.settings.webhooks) return
    const body = JSON.stringify({ event, chat: rpcChat(chat, parts.settings) })
    const first = (lastOf.get(chat) ?? Promise.resolve()).then(() => attempt(parts, chat.id, event, body, 1))
    lastOf.set(chat, first)
    void first.then((accepted) => (accepted ? undefined : repeat(parts, chat.id, event, body)))
  }
  const analyse = (chat: Chat) => {
    void parts.waits.pause(parts.settings.analysis_ms).then((passed) => {
      if (!passed || chat.deleted) return
      chat.analysed = true
      emit(chat, 'chat_analyzed')
    })
  }
  return {
    started: (chat) => emit(chat, 'chat_started'),
    ended: (chat) => {
      emit(chat, 'chat_ended')
      analyse(chat)
    },
    analysedAgain: analyse,
  }
}

async function repeat(parts: WebhookParts, chatId: string, event: string, body: string): Promise<void> {
  for (let retry = 1; retry <= retries; retry += 1) {
    if (!(await parts.waits.pause(parts.settings.webhook_retry_ms * 2 ** (retry - 1)))) return
    if (await attempt(parts, chatId, event, body, retry + 1)) return
  }
}

async function attempt(parts: WebhookParts, chatId: string, event: string, body: string, number: number) {
  const url = below(parts.settings.api_url, '/webhooks/uponai')
  const entry: WebhookEntry = {
    kind: 'webhook',
    ...parts.history.begin(),
    url,
    error: null,
    event,
    chat_id: chatId,
    attempt: number,
  }
  parts.history.add(entry)
  const headers = { 'content-type': 'application/json', [parts.header]: signWebhook(parts.key, body, Date.now()) }
  const answer = await parts.post(entry, url, headers, body, timeoutMs)
  return answer !== undefined && answer.status >= 200 && answer.status < 300
}
