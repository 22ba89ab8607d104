import {
  type Conversation,
  type Conversations,
  type ReplyAddress,
  replyAddress,
  type UnreadableConversation,
} from '@chatlane/core'
import type { Caller } from '../auth/caller.ts'

/** A conversation as the API shows it; to a participant without what the business keeps of them. */
export async function conversationView(conversations: Conversations, conversation: Conversation, caller: Caller) {
  const [pending, optedOut] = await Promise.all([
    conversations.waiting(conversation),
    conversations.isOptedOut(conversation),
  ])
  const { id, movedTo, sender, messagingServiceSid, publicKey } = conversation
  return {
    conversation_id: id,
    chat_id: conversation.chatId ?? null,
    status: conversation.closed ? 'closed' : 'open',
    channel: conversation.channel,
    participant: conversation.participant,
    agent_id: conversation.agentId,
    ...(conversation.agentVersion !== undefined && { agent_version: conversation.agentVersion }),
    created_at: new Date(conversation.createdAt).toISOString(),
    last_activity_at: new Date(conversation.lastActivityAt).toISOString(),
    /** Messages that wait for their answer. */
    pending,
    links: conversation.links.map(linkView),
    /** Where answers go: where the participant wrote last. */
    reply_channel: replyAddress(conversation).channel,
    ...(movedTo !== undefined && movedTo !== id && { moved_to: movedTo }),
    ...(optedOut && { opted_out: true }),
    /** An operator has it, and the agent is silent. */
    ...(conversation.hand !== undefined && { handed_off: true }),
    ...(sender !== undefined && { sender }),
    ...(messagingServiceSid !== undefined && { messaging_service_sid: messagingServiceSid }),
    ...(publicKey !== undefined && { public_key: publicKey }),
    ...(caller === 'server' ? given(conversation) : givenToParticipant(conversation)),
  }
}

/** What its chats are told, as it was given. */
function given({ metadata, dynamicVariables }: Conversation) {
  return { ...(metadata && { metadata }), ...(dynamicVariables && { dynamic_variables: dynamicVariables }) }
}

/** The values that a browser set, and of those that the business set the names. */
function givenToParticipant({ metadata, dynamicVariables, browserVariables = [] }: Conversation) {
  const values = Object.entries(dynamicVariables ?? {}).filter(([name]) => browserVariables.includes(name))
  return {
    ...(metadata && { metadata_keys: Object.keys(metadata) }),
    ...(dynamicVariables && {
      dynamic_variables: Object.fromEntries(values),
      dynamic_variable_keys: Object.keys(dynamicVariables),
    }),
  }
}

/** The row of a conversation whose record cannot be read: the fields that every row has, as far as they are known. */
export function unreadableView({ id, problem }: UnreadableConversation) {
  return {
    conversation_id: id,
    chat_id: null,
    status: 'unreadable' as const,
    problem,
    channel: null,
    participant: null,
    agent_id: null,
    created_at: null,
    last_activity_at: null,
    pending: null,
  }
}

function linkView({ channel, to, from, service }: ReplyAddress) {
  return {
    channel,
    participant: to,
    ...(from !== undefined && { sender: from }),
    ...(service !== undefined && { messaging_service_sid: service }),
  }
}
