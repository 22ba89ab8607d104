import twilio from 'twilio'
import { accountSid, authToken, messageSidOf, type Phase, participantOf, sender, text } from '../phase.ts'

/** A message's webhook as Twilio posts it, signed, as it goes over the connection. */
export function webhookRequest(url: string, phase: Phase, message: number): Buffer {
  const sid = messageSidOf(phase, message)
  const fields: Record<string, string> = {
    ToCountry: 'US',
    ToState: 'CA',
    SmsMessageSid: sid,
    NumMedia: '0',
    ToCity: 'SAN FRANCISCO',
    FromZip: '20001',
    SmsSid: sid,
    FromState: 'DC',
    SmsStatus: 'received',
    FromCity: 'WASHINGTON',
    Body: text(message),
    FromCountry: 'US',
    To: sender,
    ToZip: '94105',
    NumSegments: '1',
    MessageSid: sid,
    AccountSid: accountSid,
    From: participantOf(phase, message),
    ApiVersion: '2010-04-01',
  }
  const body = new URLSearchParams(fields).toString()
  const { host, pathname } = new URL(url)
  const head = [
    `POST ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    'Content-Type: application/x-www-form-urlencoded; charset=UTF-8',
    `Content-Length: ${body.length}`,
    'User-Agent: TwilioProxy/1.1',
    'Accept: */*',
    `X-Twilio-Signature: ${twilio.getExpectedTwilioSignature(authToken, url, fields)}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1')
}
