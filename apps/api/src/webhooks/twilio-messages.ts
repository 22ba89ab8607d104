import { type ApiMetrics, acceptSms, type Conversations, inboundSmsForm, type RoutesHolder } from '@chatlane/core'
import type { RequestHandler } from 'express'
import type { ApiMedia } from '../media/api-media.ts'
import { bringsMessage, countMessage } from '../message-count.ts'
import { parse } from '../parse.ts'
import { Problem, unavailable } from '../problems.ts'
import { note } from '../request-log.ts'
import { type Signatures, signedForm, type TwilioSettings } from './twilio-form.ts'

interface Parts {
  config: TwilioSettings
  conversations: Conversations
  routes: RoutesHolder
  metrics: ApiMetrics
  media: ApiMedia | undefined
  signatures: Signatures
}

/** Tells when a message could not be taken: Twilio does not bring it again by itself, or not often. */
export function tellRefused(onRefused: () => void): RequestHandler {
  return (_request, response, next) => {
    response.once('close', () => {
      if (response.statusCode >= 500) onRefused()
    })
    next()
  }
}

/** `POST /webhooks/twilio/messages`: 204 once the message is durable. A body would be texted to the person. */
export function twilioMessages({ config, conversations, routes, metrics, media, signatures }: Parts): RequestHandler {
  return async (request, response) => {
    const sms = parse(inboundSmsForm, signedForm(config, signatures, request))
    note(response, { message_sid: sms.messageSid, from: sms.from, to: sms.to, channel: sms.channel })
    bringsMessage(response, sms.channel)
    const acceptance = await acceptSms({ conversations, routes, links: media?.links }, sms)
    if (acceptance.status === 'no_route')
      throw new Problem('not_found', `expected the routes file to have an SMS route for ${sms.to}`)
    note(response, { outcome: acceptance.status })
    note(response, { conversation: acceptance.conversationId })
    countMessage(response, metrics, acceptance.status)
    if (acceptance.status === 'dropped') {
      note(response, { reason: acceptance.reason })
      metrics.dropped(acceptance.reason)
    }
    if ('messageId' in acceptance) note(response, { message: acceptance.messageId })
    // A conflict is a repeat too: Twilio's id is the same, whatever became of the text.
    if (acceptance.status === 'full') throw unavailable('too many messages of this conversation are unanswered')
    response.status(204).end()
  }
}
