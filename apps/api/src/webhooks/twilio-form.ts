import querystring from 'node:querystring'
import { type Config, verifyTwilioSignature } from '@chatlane/core'
import type { Request, RequestHandler } from 'express'
import type { BodyBudget } from '../bodies/body-budget.ts'
import { hasBody, receiveBody } from '../bodies/receive-body.ts'
import { Problem } from '../problems.ts'
import type { RefusedSignatures } from './refused-signatures.ts'

export type TwilioSettings = Pick<Config, 'twilio' | 'publicUrl'>

/** Hears of the signatures of forms that name our account. */
export type Signatures = Pick<RefusedSignatures, 'accepted' | 'refused'>

const FORM = 'application/x-www-form-urlencoded'

/** Add-ons put whole answers of theirs into a field. */
const MOST_BYTES = 512 * 1024

/** A message of Twilio's has about fifty. */
const MOST_FIELDS = 1_000

/** The Base64 of an HMAC-SHA1. */
const SIGNATURE = /^[A-Za-z0-9+/]{27}=$/

/** Reads a form as it is signed: no nesting, every field as it came. Nothing is read without a signature's header. */
export function twilioForm({ config, bodies }: { config: TwilioSettings; bodies: BodyBudget }): RequestHandler {
  return async (request, response, next) => {
    requireTwilio(config)
    if (!SIGNATURE.test(request.get('x-twilio-signature') ?? ''))
      throw new Problem('bad_signature', 'expected the header X-Twilio-Signature, with which Twilio signs its requests')
    if (hasBody(request) && !isForm(request)) throw noForm(request)
    const body = await receiveBody(request, response, { limit: MOST_BYTES, budget: bodies })
    request.body = parseForm(body.toString())
    next()
  }
}

/** @throws Problem `not_set_up` */
function requireTwilio({ twilio }: TwilioSettings) {
  if (!twilio) throw new Problem('not_set_up', 'there is no SMS here: TWILIO_ACCOUNT_SID is not set')
  return twilio
}

/** As Twilio writes it, with or without a charset; every other spelling costs more to read. */
function isForm(request: Request): boolean {
  const type = request.headers['content-type']
  return type === FORM || type?.startsWith(`${FORM};`) || Boolean(request.is(FORM))
}

function noForm(request: Request): Problem {
  const type = request.get('content-type')?.slice(0, 100) ?? 'no content type'
  return new Problem('unsupported_type', `expected ${FORM}, as Twilio sends messages and their states; got ${type}`)
}

/** @throws Problem `too_large` */
function parseForm(body: string) {
  let fields = 1
  // Each has a sign of its own.
  for (let at = body.length < MOST_FIELDS ? -1 : body.indexOf('&'); at !== -1; at = body.indexOf('&', at + 1)) fields++
  if (fields > MOST_FIELDS) throw new Problem('too_large', `expected a form of at most ${MOST_FIELDS} fields`)
  return querystring.parse(body, '&', '=', { maxKeys: 0 })
}

/** Names what is wrong as far as the request shows it. */
function badSignature({ twilio, publicUrl }: TwilioSettings, request: Request, accountSid: unknown): Problem {
  const where = `${publicUrl}${request.originalUrl.replace(/\?.*$/s, '')}`
  if (typeof accountSid === 'string' && accountSid !== twilio?.accountSid)
    return new Problem(
      'bad_signature',
      'expected AccountSid to be the account in TWILIO_ACCOUNT_SID: another account, a sub-account too, signs with a token of its own',
    )
  return new Problem(
    'bad_signature',
    `expected X-Twilio-Signature to be made with the token in TWILIO_AUTH_TOKEN over ${where}, its query and all fields: check that token, and that PUBLIC_URL is what the URL in Twilio's console begins with`,
  )
}

/**
 * A form of Twilio's, once its signature is found to be right.
 * @throws Problem `not_set_up`, `bad_signature`
 */
export function signedForm(
  config: TwilioSettings,
  signatures: Signatures,
  request: Request,
): Record<string, string | string[]> {
  const twilio = requireTwilio(config)
  const form: Record<string, string | string[]> = request.body ?? {}
  const { authToken, authTokenNext } = twilio
  const right = verifyTwilioSignature({
    authTokens: authTokenNext === undefined ? [authToken] : [authToken, authTokenNext],
    header: request.get('x-twilio-signature'),
    url: `${config.publicUrl}${request.originalUrl}`,
    form,
  })
  const ours = form.AccountSid === twilio.accountSid
  if (!right) {
    if (ours) signatures.refused()
    throw badSignature(config, request, form.AccountSid)
  }
  // A sub-account signs with a token of its own; this is for the field that says otherwise.
  if (!ours) throw new Problem('forbidden', 'expected AccountSid to be the account in TWILIO_ACCOUNT_SID')
  signatures.accepted()
  return form
}
