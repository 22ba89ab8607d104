import type { ConversationDeadLetter, DeadLetterInContext } from './dead-letter.ts'

/** A dead letter in lists, as the HTTP API and the command line show it. */
export function deadLetterView(letter: ConversationDeadLetter) {
  return {
    id: letter.id,
    conversation_id: letter.conversationId,
    kind: letter.kind,
    message_id: letter.messageId ?? null,
    text: letter.text ?? null,
    ...(letter.to !== undefined && { to: letter.to }),
    ...(letter.event !== undefined && { event: letter.event }),
    reason: letter.reason,
    detail: letter.detail,
    tries: letter.tries,
    may_repeat: letter.mayRepeat,
    at: letter.at.toISOString(),
  }
}

/** With all that is known of it. */
export function fullDeadLetterView(letter: DeadLetterInContext) {
  const history = letter.history.map(({ at, detail }) => ({ at: at.toISOString(), detail }))
  return { ...deadLetterView(letter), history, messages: letter.messages }
}
