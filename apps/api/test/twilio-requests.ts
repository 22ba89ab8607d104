import { createHmac } from 'node:crypto'
import { accountSid, authToken, publicUrl } from './started-api.ts'

/** Twilio's recipe, written down once more: HMAC-SHA1 over the URL and every field with its name, sorted by name. */
export function sign(token: string, url: string, fields: Record<string, string>): string {
  const text = Object.keys(fields)
    .sort()
    .reduce((all, name) => all + name + fields[name], url)
  return createHmac('sha1', token).update(text, 'utf8').digest('base64')
}

export interface Signing {
  token?: string
  /** What is signed instead of PUBLIC_URL and the path. */
  url?: string
  /** What is signed instead of the fields that are sent. */
  fields?: Record<string, string>
  /** Instead of the right one; undefined for none. */
  signature?: string | undefined
}

/** Posts a form as Twilio does, to the api behind a proxy that is known as PUBLIC_URL. */
export async function postForm(api: string, path: string, fields: Record<string, string>, signing: Signing = {}) {
  const { token = authToken, url = publicUrl + path, fields: signed = fields } = signing
  const signature = 'signature' in signing ? signing.signature : sign(token, url, signed)
  const response = await fetch(api + path, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      ...(signature !== undefined && { 'x-twilio-signature': signature }),
    },
    body: new URLSearchParams(fields).toString(),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
}

export const messages = '/webhooks/twilio/messages'

let count = 0
export const newSid = () => `SM${String(++count).padStart(32, '0')}`

/** The fields of an inbound message. */
export function inbound(fields: Record<string, string> = {}): Record<string, string> {
  const sid = newSid()
  return {
    ToCountry: 'US',
    SmsMessageSid: sid,
    NumMedia: '0',
    SmsSid: sid,
    SmsStatus: 'received',
    Body: 'Hi, é & 100%?',
    To: '+15005550006',
    From: '+15005550001',
    NumSegments: '1',
    MessageSid: sid,
    AccountSid: accountSid,
    ApiVersion: '2010-04-01',
    ...fields,
  }
}
