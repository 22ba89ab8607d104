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
  return spellingsOf(signed).some((spelling) =>
    authTokens.some((token) => {
      try {
        return twilioLibrary().validateRequest(token, header, spelling, form)
      } catch {
        // The library throws on input that no request of Twilio's has.
        return false
      }
    }),
  )
}

/**
 * A URL as it came, and as it may have been written in the console: on the way a client may escape what need not be escaped in
 * a query, an apostrophe above all. What has a meaning there (`%`, `&`, `+`, `=`, `#`) is left as it is.
 */
function spellingsOf(url: string): string[] {
  const query = url.indexOf('?')
  if (query === -1 || !url.includes('%', query)) return [url]
  const written = (escapes: RegExp) =>
    url.slice(0, query) + url.slice(query).replace(escapes, (code) => String.fromCharCode(parseInt(code.slice(1), 16)))
  return [...new Set([url, written(/%27/g), written(NEEDLESS)])]
}

/** Escapes of characters that can be seen and have no meaning in a query. */
const NEEDLESS = /%(?:2[12479a-cA-Ce-fE-F]|2[dD]|28|3[a-cA-C]|3[eEfF]|40|5[b-fB-F]|60|7[b-eB-E])/g

/**
 * The header `X-Twilio-Signature` of a form as Twilio posts it, for whoever plays Twilio's part.
 * @param url the URL that is called, without a fragment
 */
export function signTwilioForm(input: { authToken: string; url: string; form: Record<string, string> }): string {
  return twilioLibrary().getExpectedTwilioSignature(input.authToken, input.url, input.form)
}
