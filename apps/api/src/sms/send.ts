import {
  type Config,
  type Conversations,
  identityOf,
  outboundRecipient,
  reasonText,
  type SentOut,
} from '@chatlane/core'
import type { RequestHandler, Response } from 'express'
import { z } from 'zod'
import type { ApiKeys } from '../auth/api-keys.ts'
import { chatFields, requireVersion } from '../conversations/chat-fields.ts'
import { requireFitting, sendersId, textFields } from '../conversations/sent-text.ts'
import type { RateLimits } from '../limits/rate-limits.ts'
import { parse, unprocessable } from '../parse.ts'
import { Problem } from '../problems.ts'
import { note } from '../request-log.ts'

/** Seconds after which one of many waiting messages may have been sent. */
const PAUSE_WHEN_FULL = 5

const body = z.strictObject({
  to: z.string({ error: 'expected a number, such as +14155550123' }).max(100),
  from: z.string().min(1).max(100).optional(),
  ...textFields,
  text: textFields.text.optional(),
  ...chatFields,
})

interface Parts {
  config: Pick<Config, 'twilio' | 'uponai'>
  keys: ApiKeys
  conversations: Conversations
  limits: RateLimits
}

/** `POST /v1/sms`: 202 once it is durable that the message, or the agent's greeting, will be sent. */
export function sendSms({ config, keys, conversations, limits }: Parts): RequestHandler {
  return async (request, response) => {
    keys.require(request)
    if (!config.twilio) throw new Problem('not_set_up', 'there is no SMS here: TWILIO_ACCOUNT_SID is not set')
    const input = parse(body, request.body ?? {})
    requireVersion(input, config.uponai.dialect)
    const key = sendersId(request, input.client_message_id)
    if (input.text !== undefined) requireFitting(input.text)
    const recipient = outboundRecipient(input.to)
    if ('problem' in recipient) throw unprocessable('unreachable', 'to', recipient.problem)
    note(response, { to: recipient.to, channel: recipient.channel })
    await limits.outbound(identityOf(recipient.to))
    const sent = await conversations.sendOut({
      ...recipient,
      from: input.from,
      text: input.text,
      agentId: input.agent_id,
      agentVersion: input.agent_version,
      metadata: input.metadata,
      dynamicVariables: input.dynamic_variables,
      key,
    })
    note(response, { outcome: sent.status })
    answer(response, sent, input.from)
  }
}

function answer(response: Response, sent: SentOut, from: string | undefined): void {
  switch (sent.status) {
    case 'accepted':
    case 'duplicate':
      note(response, { conversation: sent.conversationId, message: sent.messageId })
      response.status(202).json({ conversation_id: sent.conversationId, message_id: sent.messageId })
      return
    case 'conflict':
      throw new Problem('conflict', 'a message to this person with this key was accepted before, with another text')
    case 'opted_out':
      throw new Problem(
        'opted_out',
        'this person has asked this sender for no more messages; only their START lifts that',
      )
    case 'unreachable':
      throw unprocessable('unreachable', 'to', `messages to it failed: ${reasonText(sent.reason) ?? sent.reason}`)
    case 'no_sender':
      throw unprocessable('unknown_sender', 'from', noSender(from))
    case 'full':
      throw new Problem('too_many_waiting', 'expected the messages to this person before this one to be sent first', {
        retryAfter: PAUSE_WHEN_FULL,
      })
  }
}

function noSender(from: string | undefined): string {
  return from === undefined
    ? 'the routes file has no sender for this channel'
    : 'expected a sender or messaging_service_sid of the routes file that is good for this channel'
}
