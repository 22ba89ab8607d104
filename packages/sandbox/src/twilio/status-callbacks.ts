import type { StatusCallbackEntry } from '../history/entries.ts'
import { below, type MessageStatus, type Settings } from '../settings.ts'
import type { Carrier } from './carrier.ts'
import type { Failure } from './delivery-failures.ts'
import type { Message } from './messages.ts'
import { countSegments } from './segments.ts'
import { signedForm } from './signed-form.ts'

const timeoutMs = 15_000

/** A message's state only goes forward, in whatever order its statuses are reported. */
const rank: Record<Message['status'], number> = {
  scheduled: 0,
  accepted: 0,
  queued: 1,
  sending: 2,
  sent: 3,
  delivered: 4,
  undelivered: 4,
  failed: 4,
  canceled: 4,
  received: 4,
  read: 5,
}

/** Nothing more becomes of it, but that it may be read. */
export function isOver({ status }: Message): boolean {
  return rank[status] >= rank.delivered
}

/** What the sandbox takes per segment, or message on the other channels, US dollars; Twilio tells it late, as a negative number. */
const PRICE = 0.0079

function priceOf({ body, to, status }: Message): number {
  if (status === 'failed' || status === 'canceled') return 0
  return -PRICE * (to.includes(':') ? 1 : countSegments(body))
}

/** Takes a created message through its statuses, telling each one but the first to its status callback. */
export async function followMessage(
  carrier: Carrier,
  message: Message,
  statusCallback: string | null,
  { waitMs, failure }: { waitMs: number; failure: Failure | undefined },
): Promise<void> {
  const { settings, waits } = carrier
  const initial = message.status
  const code = failure?.code ?? settings.status_error_code
  let wait = waitMs
  for (const status of failure ? wayTo(failure) : settings.statuses) {
    if (status === initial) continue
    const queued = status === 'queued'
    if (!(await waits.pause(settings.status_delay_ms + (queued ? 0 : wait)))) return
    if (!queued) wait = 0
    advance(message, status, carrier, code)
    if (statusCallback !== null && settings.status_callbacks) await callBack(carrier, message, status, statusCallback)
  }
}

/** What Twilio itself could not send never left. */
function wayTo({ status }: Failure): MessageStatus[] {
  return status === 'failed' ? [status] : ['sent', status]
}

function advance(message: Message, status: MessageStatus, { messages, settings }: Carrier, code: number): void {
  if (rank[status] <= rank[message.status]) return
  message.status = status
  message.dateUpdated = messages.now()
  // A Messaging Service picks the sender when it takes the message on.
  message.from ??= settings.senders?.[0] ?? '+15005550006'
  if (rank[status] >= rank.sent) message.dateSent ??= messages.now()
  if (isOver(message)) message.price ??= priceOf(message)
  if (status === 'undelivered' || status === 'failed') message.errorCode = code
}

async function callBack(carrier: Carrier, message: Message, status: MessageStatus, url: string): Promise<void> {
  const { settings } = carrier
  const code = message.errorCode ?? settings.status_error_code
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
    ...(failed ? { ErrorCode: String(code) } : {}),
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
