import type { StatusCallbackEntry } from '../history/entries.ts'
import { below, type MessageStatus, type Settings } from '../settings.ts'
import type { Carrier } from './carrier.ts'
import type { Message } from './messages.ts'
import { signedForm } from './signed-form.ts'

const timeoutMs = 15_000

/** A message's state only goes forward, in whatever order its statuses are reported. */
const rank: Record<Message['status'], number> = {
  accepted: 0,
  queued: 1,
  sending: 2,
  sent: 3,
  delivered: 4,
  undelivered: 4,
  failed: 4,
  received: 4,
  read: 5,
}

/** Takes a created message through its statuses, telling each one but the first to its status callback. */
export async function followMessage(carrier: Carrier, message: Message, statusCallback: string | null): Promise<void> {
  const { settings, waits } = carrier
  const initial = message.status
  for (const status of settings.statuses) {
    if (status === initial) continue
    if (!(await waits.pause(settings.status_delay_ms))) return
    advance(message, status, carrier)
    if (statusCallback !== null && settings.status_callbacks) await callBack(carrier, message, status, statusCallback)
  }
}

function advance(message: Message, status: MessageStatus, { messages, settings }: Carrier): void {
  if (rank[status] <= rank[message.status]) return
  message.status = status
  message.dateUpdated = messages.now()
  // A Messaging Service picks the sender when it takes the message on.
  message.from ??= settings.senders?.[0] ?? '+15005550006'
  if (rank[status] >= rank.sent) message.dateSent ??= messages.now()
  if (status === 'undelivered' || status === 'failed') message.errorCode = settings.status_error_code
}

async function callBack(carrier: Carrier, message: Message, status: MessageStatus, url: string): Promise<void> {
  const { settings } = carrier
  const failed = status === 'undelivered' || status === 'failed'
  const fields: Record<string, string> = {
    AccountSid: carrier.accountSid,
    ApiVersion: '2010-04-01',
    From: message.from ?? '',
    MessageSid: message.sid,
    MessageStatus: status,
    SmsSid: message.sid,
    SmsStatus: status,
    To: message.to,
    ...(message.messagingServiceSid === null ? {} : { MessagingServiceSid: message.messagingServiceSid }),
    ...(failed ? { ErrorCode: String(settings.status_error_code) } : {}),
  }
  const entry: StatusCallbackEntry = {
    kind: 'status_callback',
    ...carrier.history.begin(),
    url,
    error: null,
    message_sid: message.sid,
    message_status: status,
    to: message.to,
  }
  carrier.history.add(entry)
  const { headers, body } = signedForm(carrier.authToken, url, fields)
  await carrier.post(entry, reachable(url, settings), headers, body, timeoutMs)
}

/** The public address is only good for signing here; what lies below it is sent to the api directly. */
function reachable(url: string, { public_url, api_url }: Settings): string {
  const prefix = below(public_url, '/')
  return url.startsWith(prefix) ? below(api_url, `/${url.slice(prefix.length)}`) : url
}
