import { twilioLibrary } from './library.ts'

export interface TwilioSignatureInput {
  /** The account's primary token, and the next one while tokens are being changed. */
  authTokens: readonly string[]
  /** The header `X-Twilio-Signature`. */
  header: string | undefined
  /** The URL that Twilio called, as Twilio knows it. */
  url: string
  /** The fields as they came in: every one, unchanged. */
  form: Record<string, string | string[]>
}

/**
 * Whether Twilio signed this request. The signature carries no time: replays are for the message's id to find.
 * @see https://www.twilio.com/docs/usage/security#validating-requests
 */
export function verifyTwilioSignature({ authTokens, header, url, form }: TwilioSignatureInput): boolean {
  if (header === undefined || header === '') return false
  // A fragment holds Twilio's own connection settings and is not signed.
  const signed = url.replace(/#.*$/s, '')
  return authTokens.some((token) => {
    try {
      return twilioLibrary().validateRequest(token, header, signed, form)
    } catch {
      // The library throws on input that no request of Twilio's has.
      return false
    }
  })
}

/**
 * The header `X-Twilio-Signature` of a form as Twilio posts it, for whoever plays Twilio's part.
 * @param url the URL that is called, without a fragment
 */
export function signTwilioForm(input: { authToken: string; url: string; form: Record<string, string> }): string {
  return twilioLibrary().getExpectedTwilioSignature(input.authToken, input.url, input.form)
}
