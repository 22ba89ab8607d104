import type { chatView, fullChatView } from '@chatlane/core'
import { cut, list, table, time } from '../output.ts'

type FullChat = ReturnType<typeof fullChatView>

/** The list as people read it. */
export function tableOfChats(items: ReturnType<typeof chatView>[], next: string | undefined): string {
  const more = next === undefined ? '' : `\n\nMore: --cursor ${next}`
  if (items.length === 0) return `no chats${more === '' ? '' : ' that fit among these'}${more}`
  const rows = items.map((chat) => [
    optionalTime(chat.started_at),
    chat.status,
    chat.agent_id ?? '',
    chat.conversation_id ?? '',
    chat.chat_id,
  ])
  return table(['STARTED', 'STATUS', 'AGENT', 'CONVERSATION', 'CHAT'], rows) + more
}

/** One chat with what was said. */
export function describeChat(chat: FullChat): string {
  const about = list([
    ['chat', chat.chat_id],
    ...row('conversation', chat.conversation_id),
    ...row('agent', chat.agent_id && `${chat.agent_id}${version(chat)}`),
    ['status', chat.status],
    ...row('type', chat.type),
    ...row('started', optionalTime(chat.started_at)),
    ...row('ended', optionalTime(chat.ended_at)),
    ...objectRow('metadata', chat.metadata),
    ...objectRow('variables', chat.dynamic_variables),
    ...objectRow('collected', chat.collected_dynamic_variables),
    ...objectRow('attributes', chat.custom_attributes),
    ...row('summary', chat.analysis?.summary),
    ...row('sentiment', chat.analysis?.user_sentiment),
    ...row('successful', chat.analysis?.successful?.toString()),
    ...row('cost', chat.cost?.cents === undefined || chat.cost.cents === null ? null : `${chat.cost.cents} cents`),
  ])
  return `${about}\n\n${messagesOf(chat)}`
}

function messagesOf({ messages }: FullChat): string {
  if (messages === null) return 'UponAI shows no messages of it'
  if (messages.length === 0) return 'no messages'
  const rows = messages.map(({ at, role, text, name }) => [optionalTime(at), role ?? '', cut(text || (name ?? ''), 80)])
  return `Messages\n${table(['AT', 'FROM', 'TEXT'], rows)}`
}

const version = ({ agent_version }: FullChat) => (agent_version === null ? '' : `, version ${agent_version}`)

const optionalTime = (at: string | null) => (at === null ? '' : time(at))

function row(name: string, value: string | null | undefined): [string, string][] {
  return value === null || value === undefined || value === '' ? [] : [[name, value]]
}

function objectRow(name: string, value: Record<string, unknown> | null): [string, string][] {
  return value === null || Object.keys(value).length === 0 ? [] : [[name, JSON.stringify(value)]]
}
