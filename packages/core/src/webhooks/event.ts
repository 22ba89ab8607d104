import type { Conversation } from '../conversations/conversation.ts'
import type { ConversationDeadLetter } from '../conversations/dead-letter.ts'
import type { LedgerEntry, MessageStatus } from '../conversations/ledger.ts'
import type { WebhookItem } from './item.ts'

/** Whom a conversation is with, as far as the writer of the entry knows. */
export type Subject = Pick<Conversation, 'channel' | 'participant'> &
  Partial<Pick<Conversation, 'sender' | 'reply' | 'agentId' | 'metadata'>>

/** States that say: the message did not reach the participant, or nobody knows. */
const NOT_DELIVERED: ReadonlySet<MessageStatus> = new Set(['failed', 'undelivered', 'unknown'])

/**
 * What the business is told of an entry of the ledger; undefined: nothing.
 * @param letter the dead letter of which the entry tells
 */
export function eventOf(
  entry: LedgerEntry,
  subject: Subject,
  letter?: ConversationDeadLetter,
): WebhookItem | undefined {
  if (entry.kind === 'message') return messageEvent(entry, { ...whoIn(subject), channel: entry.channel })
  const who = whoIn(subject)
  if (entry.kind === 'conversation') return conversationEvent(entry, subject, who)
  return entry.kind === 'status' ? statusEvent(entry, who, letter) : undefined
}

/** What every event says of a conversation: of several addresses, the one where its participant is now. */
export function whoIn({ channel, participant, sender, reply }: Subject): Record<string, unknown> {
  const now = reply ?? { channel, to: participant, from: sender }
  return { channel: now.channel, participant: now.to, ...(now.from !== undefined && { sender: now.from }) }
}

type Entry<T extends LedgerEntry['kind']> = Extract<LedgerEntry, { kind: T }>

function messageEvent(entry: Entry<'message'>, who: object): WebhookItem | undefined {
  const { role, text, status, reason, media, answers } = entry
  if (role === 'user') {
    // One entry, one event: two would need two ids.
    if (reason === 'stop')
      return { type: 'participant.opted_out', own: 'message_id', data: { ...who, by: 'person', text } }
    const more = { ...(reason !== undefined && { reason }), ...(media && { media }) }
    return { type: 'message.received', own: 'message_id', data: { ...who, text, status, ...more } }
  }
  if (answers === undefined) return undefined
  return { type: 'message.answered', own: 'answer_id', data: { ...who, message_id: answers, text } }
}

function conversationEvent(
  entry: Entry<'conversation'>,
  { agentId, metadata }: Subject,
  who: object,
): WebhookItem | undefined {
  const data = { ...who, chat_id: entry.chatId ?? null }
  if (entry.status === 'closed') return { type: 'conversation.closed', data: { ...data, reason: entry.reason ?? null } }
  if (entry.status !== 'open') return undefined
  return {
    type: 'conversation.opened',
    data: { ...data, ...(agentId !== undefined && { agent_id: agentId }), ...(metadata && { metadata }) },
  }
}

function statusEvent(
  { message, status, reason, with: other }: Entry<'status'>,
  who: object,
  letter: ConversationDeadLetter | undefined,
): WebhookItem | undefined {
  const data = { ...who, message_id: message }
  if (status === 'answered') {
    const together = other !== undefined && { answered_with: other }
    return { type: 'message.answered', data: { ...data, answer_id: null, text: null, ...together } }
  }
  if (!NOT_DELIVERED.has(status)) return undefined
  const given = letter && { dead_letter_id: letter.id, detail: letter.detail, tries: letter.tries }
  const why = { reason: reason ?? null, ...given, ...(letter && { may_repeat: letter.mayRepeat }) }
  if (letter?.kind === 'message' || letter?.kind === 'open') {
    return { type: 'message.dead_lettered', data: { ...data, text: letter.text ?? null, ...why } }
  }
  return { type: 'delivery.failed', data: { ...data, status, ...why } }
}
