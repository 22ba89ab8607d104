import { signTwilioForm } from '@chatlane/core'
import type { Answer, Api } from '../api.ts'
import type { SmsSettings } from '../settings.ts'
import type { Door } from './door.ts'

const PATH = '/webhooks/twilio/messages'

/** How many invented numbers there are. */
export const NUMBERS = 1_000_000

/**
 * An invented number, `+15000000000` to `+15000999999`. 500 belongs to no place, and no number in North America goes on with a 0
 * there: nobody can have it, and Twilio refuses to send to it.
 */
export function inventedNumber(n: number): string {
  return `+15000${String(n % NUMBERS).padStart(6, '0')}`
}

/** A telephone: what it sends comes as Twilio brings it. */
export function smsDoor(api: Api, sms: SmsSettings, way: { from: string; to: string }): Door {
  return {
    conversationId: undefined,
    open: async () => ({ status: 204 }),
    send: (text, key) => postSms(api, sms, { ...way, text, sid: key }),
  }
}

/** Twilio's webhook for one inbound message, signed. */
export function postSms(
  api: Api,
  { accountSid, authToken, publicUrl }: SmsSettings,
  { from, to, text, sid }: { from: string; to: string; text: string; sid: string },
): Promise<Answer> {
  const form = {
    ToCountry: 'US',
    FromCountry: 'US',
    SmsMessageSid: sid,
    NumMedia: '0',
    SmsSid: sid,
    SmsStatus: 'received',
    Body: text,
    To: to,
    From: from,
    NumSegments: '1',
    MessageSid: sid,
    AccountSid: accountSid,
    ApiVersion: '2010-04-01',
  }
  const signature = signTwilioForm({ authToken, url: `${publicUrl}${PATH}`, form })
  return api.postForm(PATH, { 'user-agent': 'TwilioProxy/1.1', 'x-twilio-signature': signature }, form)
}
