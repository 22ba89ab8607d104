import querystring from 'node:querystring'
import { type Config, verifyTwilioSignature } from '@chatlane/core'
import type { Request, RequestHandler } from 'express'
import type { BodyBudget } from '../bodies/body-budget.ts'
import { receiveBody } from '../bodies/receive-body.ts'
import { Problem } from '../problems.ts'

export type TwilioSettings = Pick<Config, 'twilio' | 'publicUrl'>

const FORM = 'application/x-www-form-urlencoded'

const MOST_BYTES = 64 * 1024

/** The Base64 of an HMAC-SHA1. */
const SIGNATURE = /^[A-Za-z0-9+/]{27}=$/

/** Reads a form as it is signed: no nesting, every field as it came. Nothing is read without a signature's header. */
export function twilioForm({ config, bodies }: { config: TwilioSettings; bodies: BodyBudget }): RequestHandler {
  return async (request, response, next) => {
    requireTwilio(config)
    if (!SIGNATURE.test(request.get('x-twilio-signature') ?? '')) throw badSignature()
    const body = await receiveBody(request, response, { limit: MOST_BYTES, budget: bodies })
    request.body = request.is(FORM) ? querystring.parse(body.toString()) : undefined
    next()
  }
}

/** @throws Problem `not_set_up` */
function requireTwilio({ twilio }: TwilioSettings) {
  if (!twilio) throw new Problem('not_set_up', 'there is no SMS here: TWILIO_ACCOUNT_SID is not set')
  return twilio
}

const badSignature = () =>
  new Problem(
    'bad_signature',
    'expected X-Twilio-Signature to be made with the auth token, over PUBLIC_URL with this path and all fields',
  )

/**
 * A form of Twilio's, once its signature is found to be right.
 * @throws Problem `not_set_up`, `bad_signature`
 */
export function signedForm(config: TwilioSettings, request: Request): Record<string, string | string[]> {
  const twilio = requireTwilio(config)
  const form: Record<string, string | string[]> = request.body ?? {}
  const { authToken, authTokenNext } = twilio
  const right = verifyTwilioSignature({
    authTokens: authTokenNext === undefined ? [authToken] : [authToken, authTokenNext],
    header: request.get('x-twilio-signature'),
    url: `${config.publicUrl}${request.originalUrl}`,
    form,
  })
  if (!right) throw badSignature()
  // A sub-account signs with a token of its own; this is for the field that says otherwise.
  if (form.AccountSid !== twilio.accountSid)
    throw new Problem('forbidden', 'expected AccountSid to be the account in TWILIO_ACCOUNT_SID')
  return form
}
