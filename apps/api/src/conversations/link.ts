import {
  type Config,
  type Conversations,
  MOST_LINKS,
  outboundRecipient,
  type ReplyAddress,
  type RoutesHolder,
  senderFor,
} from '@chatlane/core'
import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { ApiKeys } from '../auth/api-keys.ts'
import type { ConversationAccess } from '../auth/conversation-access.ts'
import { parse, unprocessable } from '../parse.ts'
import { Problem, unavailable } from '../problems.ts'
import { note } from '../request-log.ts'
import { conversationView } from './view.ts'

const body = z
  .strictObject({
    /** The participant's number there. */
    sms: z.string().optional(),
    whatsapp: z.string().optional(),
    /** The one of our senders that they write to. */
    from: z.string().optional(),
  })
  .refine(
    ({ sms, whatsapp }) => (sms === undefined) !== (whatsapp === undefined),
    'expected either sms or whatsapp, with a number',
  )

interface Parts {
  config: Pick<Config, 'twilio'>
  keys: ApiKeys
  access: ConversationAccess
  conversations: Conversations
  routes: RoutesHolder
}

/** `POST /v1/conversations/{id}/link` */
export function linkConversation({ config, keys, access, conversations, routes }: Parts): RequestHandler {
  return async (request, response) => {
    keys.require(request)
    const { conversation } = await access.open(request, response)
    const input = parse(body, request.body ?? {})
    if (!config.twilio) throw new Problem('not_set_up', 'there is no SMS here: TWILIO_ACCOUNT_SID is not set')
    const linked = await conversations.link(conversation, addressFrom(routes, input))
    note(response, { outcome: linked.status })
    if (linked.status === 'opted_out')
      throw new Problem(
        'opted_out',
        'this person has asked this sender for no more messages; only their START lifts that',
      )
    if (linked.status === 'too_many')
      throw new Problem('too_many_links', `expected at most ${MOST_LINKS} linked addresses`)
    if (linked.status === 'busy') throw unavailable('others are linking the same address')
    const now = (await conversations.find(conversation.id)) ?? conversation
    response.json(await conversationView(conversations, now, 'server'))
  }
}

/** @throws Problem `unreachable`, `unknown_sender` */
function addressFrom(routes: RoutesHolder, { sms, whatsapp, from }: z.infer<typeof body>): ReplyAddress {
  const channel = sms === undefined ? 'whatsapp' : 'sms'
  const recipient = outboundRecipient(sms ?? `whatsapp:${whatsapp}`)
  if ('problem' in recipient) throw unprocessable('unreachable', channel, recipient.problem)
  if (recipient.channel !== channel) throw unprocessable('unreachable', channel, 'expected a number alone')
  const sender = senderFor(routes.current, channel, from)
  if (sender) return { ...recipient, ...sender }
  const expected =
    from === undefined ? 'the routes file to have a sender' : 'a sender or messaging_service_sid of the routes file'
  throw unprocessable('unknown_sender', 'from', `expected ${expected} for ${channel}`)
}
