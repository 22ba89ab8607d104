import { z } from 'zod'
import { ChatlaneError } from '../errors/chatlane-error.ts'
import { jsonExcess } from '../json/json-limits.ts'
import type { Chat } from './chat.ts'
import { json } from './classify.ts'
import { readChat } from './read-answer.ts'

export interface UponAIEvent {
  /** Documented for chats: `chat_started`, `chat_ended`, `chat_analyzed`, `transcript_updated`; others are kept. */
  event: string
  /** Absent in events that are not about a chat (`call_*`): acknowledge and ignore those. */
  chatId?: string | undefined
  chat?: Chat | undefined
  metadata?: Record<string, unknown> | undefined
}

/** A chat's transcript may hold each word with its times. */
const MOST_MEMBERS = 1_000_000

const envelope = z.looseObject({ event: z.string().min(1) })

/**
 * Reads a verified webhook body. The chat may be under `chat` or `data` or flat beside `event`, in either naming style:
 * no sample of a chat event is documented.
 * @throws ChatlaneError `UPONAI_INVALID_EVENT` when it is no JSON object with an `event`, or nested too deep.
 */
export function parseUponAIEvent(rawBody: Buffer | string): UponAIEvent {
  const text = rawBody.toString()
  const excess = jsonExcess(text, MOST_MEMBERS)
  if (excess !== undefined) throw new ChatlaneError('UPONAI_INVALID_EVENT', `the webhook body: ${excess}`)
  const read = envelope.safeParse(json(text))
  if (!read.success) {
    throw new ChatlaneError('UPONAI_INVALID_EVENT', 'the webhook body is no JSON object with the name of an event')
  }
  const { event, ...rest } = read.data
  const chat = readChat(rest.chat) ?? readChat(rest.data) ?? readChat(rest)
  return { event, chatId: chat?.chatId, chat, metadata: chat?.metadata }
}
