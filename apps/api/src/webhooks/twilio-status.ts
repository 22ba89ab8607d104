import { type StatusDoor, smsStatusForm } from '@chatlane/core'
import type { RequestHandler } from 'express'
import { z } from 'zod'
import { parse } from '../parse.ts'
import { note } from '../request-log.ts'
import { type Signatures, signedForm, type TwilioSettings } from './twilio-form.ts'

/** Put there by our delivery; Twilio's signature covers it. */
const query = z.object({
  conversation: z.string(),
  message: z.string(),
  /** Of a long text, from 0. */
  part: z
    .string()
    .regex(/^\d{1,4}$/)
    .transform(Number),
  /** Of how many. */
  parts: z
    .string()
    .regex(/^\d{1,4}$/)
    .default('1')
    .transform(Number),
})

interface Parts {
  config: TwilioSettings
  statuses: StatusDoor
  signatures: Signatures
}

/** `POST /webhooks/twilio/status` */
export function twilioStatus({ config, statuses, signatures }: Parts): RequestHandler {
  return async (request, response) => {
    const told = parse(smsStatusForm, signedForm(config, signatures, request))
    const about = query.safeParse(request.query)
    note(response, { message_sid: told.messageSid, twilio_status: told.twilioStatus, reason: told.reason })
    if (about.success) {
      const { conversation, message } = about.data
      // Also a status on the way, such as queued: that Twilio has the message is news for a delivery that never heard.
      const outcome = await statuses.accept(told, about.data)
      note(response, { outcome, ...(outcome !== 'unknown' && { conversation, message }) })
    } else {
      note(response, { outcome: 'ignored' })
    }
    response.status(204).end()
  }
}
