import { randomUUID } from 'node:crypto'
import type { ScriptItem } from './script.ts'

/** One item of a chat's history, in the rpc dialect's terms. */
export type ChatMessage = Omit<ScriptItem, 'returned' | 'stored'> & { message_id: string; created_timestamp: number }

export type EndedBy = 'api' | 'agent' | 'sandbox'

/** A chat as it truly is. */
export interface Chat {
  /** Position in the order of creation. */
  index: number
  id: string
  agentId: string
  agentVersion: number
  dialect: 'rest' | 'rpc'
  type: 'api_chat' | 'sms_chat'
  status: 'ongoing' | 'ended'
  metadata: Record<string, unknown> | undefined
  dynamicVariables: Record<string, string> | undefined
  overrideDynamicVariables: Record<string, string> | undefined
  customAttributes: Record<string, unknown> | undefined
  startedAt: number
  endedAt: number | null
  endedBy: EndedBy | null
  analysed: boolean
  /** UponAI's API does not know it any more; the sandbox's true history does. */
  deleted: boolean
  messages: ChatMessage[]
  /** Completions that took effect. */
  completions: number
  /** Completions whose caller is waiting now, and the most there ever were at once. */
  inFlight: number
  maxInFlight: number
  /** Completions being worked on now, also for callers who have gone, and the most there ever were at once. */
  working: number
  maxWorking: number
}

export interface NewChat {
  agentId: string
  agentVersion: number
  dialect: 'rest' | 'rpc'
  /** Default: `api_chat`. */
  type?: Chat['type']
  metadata: Record<string, unknown> | undefined
  dynamicVariables: Record<string, string> | undefined
  greeting: ScriptItem[]
}

export interface ChatListeners {
  started(chat: Chat): void
  ended(chat: Chat): void
  /** Its analysis was asked for once more. */
  analysedAgain(chat: Chat): void
}

/** All chats since the start or the last reset. */
export class ChatBook {
  readonly #listeners: ChatListeners
  #byId = new Map<string, Chat>()
  #inOrder: Chat[] = []

  constructor(listeners: ChatListeners) {
    this.#listeners = listeners
  }

  get all(): readonly Chat[] {
    return this.#inOrder
  }

  get(id: string): Chat | undefined {
    return this.#byId.get(id)
  }

  create(wanted: NewChat): { chat: Chat; greeting: ChatMessage[] } {
    const { greeting, ...given } = wanted
    const chat: Chat = {
      type: 'api_chat',
      ...given,
      index: this.#inOrder.length,
      id: `chat_${randomUUID().replaceAll('-', '')}`,
      status: 'ongoing',
      overrideDynamicVariables: undefined,
      customAttributes: undefined,
      startedAt: Date.now(),
      endedAt: null,
      endedBy: null,
      analysed: false,
      deleted: false,
      messages: [],
      completions: 0,
      inFlight: 0,
      maxInFlight: 0,
      working: 0,
      maxWorking: 0,
    }
    this.#byId.set(chat.id, chat)
    this.#inOrder.push(chat)
    const said = addItems(chat, greeting)
    this.#listeners.started(chat)
    return { chat, greeting: said }
  }

  /** Ends a chat; false if it was over already. */
  end(chat: Chat, by: EndedBy): boolean {
    if (chat.status === 'ended') return false
    chat.status = 'ended'
    chat.endedAt = Date.now()
    chat.endedBy = by
    this.#listeners.ended(chat)
    return true
  }

  analyseAgain(chat: Chat): void {
    this.#listeners.analysedAgain(chat)
  }

  clear(): void {
    this.#byId = new Map()
    this.#inOrder = []
  }
}

/** Puts items into the chat; what comes back is what a completion returns of them. */
export function addItems(chat: Chat, items: ScriptItem[]): ChatMessage[] {
  const returned: ChatMessage[] = []
  for (const { returned: isReturned, stored, ...item } of items) {
    const message = { ...item, message_id: `msg_${randomUUID().replaceAll('-', '')}`, created_timestamp: Date.now() }
    if (stored) chat.messages.push(message)
    if (isReturned) returned.push(message)
  }
  return returned
}

export function addUserText(chat: Chat, content: string): void {
  addItems(chat, [{ role: 'user', content, returned: false, stored: true }])
}

/** Lines prefixed with `Agent:` and `User:`. */
export function transcriptOf(chat: Chat): string {
  let transcript = ''
  for (const { role, content } of chat.messages) {
    if (role === 'agent') transcript += `Agent: ${content ?? ''}\n`
    else if (role === 'user') transcript += `User: ${content ?? ''}\n`
  }
  return transcript
}
