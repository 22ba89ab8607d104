import type { Conversation } from '@chatlane/core'

/** A conversation as the API shows it. */
export function conversationView(conversation: Conversation, pending: number) {
  const { sender, messagingServiceSid, publicKey, metadata, dynamicVariables } = conversation
  return {
    conversation_id: conversation.id,
    chat_id: conversation.chatId ?? null,
    status: conversation.closed ? 'closed' : 'open',
    channel: conversation.channel,
    participant: conversation.participant,
    agent_id: conversation.agentId,
    created_at: new Date(conversation.createdAt).toISOString(),
    last_activity_at: new Date(conversation.lastActivityAt).toISOString(),
    /** Messages that wait for their answer. */
    pending,
    ...(sender !== undefined && { sender }),
    ...(messagingServiceSid !== undefined && { messaging_service_sid: messagingServiceSid }),
    ...(publicKey !== undefined && { public_key: publicKey }),
    ...(metadata && { metadata }),
    ...(dynamicVariables && { dynamic_variables: dynamicVariables }),
  }
}
