import querystring from 'node:querystring'
import { type Config, verifyTwilioSignature } from '@chatlane/core'
import express, { type Request, type RequestHandler } from 'express'
import { Problem } from '../problems.ts'

export type TwilioSettings = Pick<Config, 'twilio' | 'publicUrl'>

const FORM = 'application/x-www-form-urlencoded'

/** Reads a form as it is signed: no nesting, every field as it came. */
export function twilioForm(): RequestHandler[] {
  return [
    express.text({ type: FORM, limit: '64kb' }),
    (request, _response, next) => {
      const { body } = request
      request.body = typeof body === 'string' ? querystring.parse(body) : undefined
      next()
    },
  ]
}

/**
 * A form of Twilio's, once its signature is found to be right.
 * @throws Problem `not_set_up`, `bad_signature`
 */
export function signedForm({ twilio, publicUrl }: TwilioSettings, request: Request): Record<string, string | string[]> {
  if (!twilio) throw new Problem('not_set_up', 'there is no SMS here: TWILIO_ACCOUNT_SID is not set')
  const form: Record<string, string | string[]> = request.body ?? {}
  const { authToken, authTokenNext } = twilio
  const right = verifyTwilioSignature({
    authTokens: authTokenNext === undefined ? [authToken] : [authToken, authTokenNext],
    header: request.get('x-twilio-signature'),
    url: `${publicUrl}${request.originalUrl}`,
    form,
  })
  if (!right)
    throw new Problem(
      'bad_signature',
      'expected X-Twilio-Signature to be made with the auth token, over PUBLIC_URL with this path and all fields',
    )
  // A sub-account signs with a token of its own; this is for the field that says otherwise.
  if (form.AccountSid !== twilio.accountSid)
    throw new Problem('forbidden', 'expected AccountSid to be the account in TWILIO_ACCOUNT_SID')
  return form
}
