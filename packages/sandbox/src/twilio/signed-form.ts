import twilio from 'twilio'

export interface SignedForm {
  headers: Record<string, string>
  body: string
}

/** A form as Twilio posts it, with its signature over `signedUrl` (without fragment) and all fields. */
export function signedForm(authToken: string, signedUrl: string, fields: Record<string, string>): SignedForm {
  const url = signedUrl.replace(/#.*$/s, '')
  return {
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'user-agent': 'TwilioProxy/1.1',
      'x-twilio-signature': twilio.getExpectedTwilioSignature(authToken, url, fields),
    },
    body: new URLSearchParams(fields).toString(),
  }
}
