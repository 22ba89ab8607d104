import { z } from 'zod'
import type { MessageStatus } from '../../conversations/ledger.ts'
import { addressIn } from './address.ts'
import { reasonOfCode } from './codes.ts'

/** What Twilio says of a message that we sent. */
export interface SmsStatus {
  messageSid: string
  accountSid: string
  /** Twilio's own word. */
  twilioStatus: string
  /** Undefined for a state on the way that the ledger does not know. */
  status?: MessageStatus
  /** When it failed, by Twilio's code. */
  reason?: string
  /** The person's address. */
  to?: string
  /** Our address. */
  from?: string
  messagingServiceSid?: string
}

/** Twilio's states that say more than that we handed the message over. */
const STATUSES = new Map<string, MessageStatus>([
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['undelivered', 'undelivered'],
  ['failed', 'failed'],
  ['canceled', 'failed'],
  ['read', 'read'],
])

/** A field that says something: an empty one is as good as none. */
const filled = z.preprocess((text) => (text === '' ? undefined : text), z.string().optional())

const address = filled.transform((text) => text && addressIn(text))

const id = filled.pipe(z.string().max(64).optional())

/**
 * The form of Twilio's status callback. Id and state are there under two names; one of them is enough.
 * @see https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
 */
export const smsStatusForm = z
  .object({
    MessageSid: id,
    SmsSid: id,
    AccountSid: z.string().min(1),
    MessageStatus: id,
    SmsStatus: id,
    ErrorCode: z.string().optional(),
    To: address,
    From: address,
    MessagingServiceSid: filled,
  })
  .transform((form, context): SmsStatus => {
    const messageSid = form.MessageSid ?? form.SmsSid
    const twilioStatus = (form.MessageStatus ?? form.SmsStatus)?.toLowerCase()
    if (messageSid === undefined || twilioStatus === undefined) {
      const path = [messageSid === undefined ? 'MessageSid' : 'MessageStatus']
      context.addIssue({ code: 'custom', path, message: 'expected a text' })
      return z.NEVER
    }
    const status = STATUSES.get(twilioStatus)
    return {
      messageSid,
      accountSid: form.AccountSid,
      twilioStatus,
      ...(status !== undefined && { status }),
      // What arrived has no reason why it did not, whatever a code beside it says.
      ...((status === 'failed' || status === 'undelivered') && reasonIn(form.ErrorCode)),
      ...(form.To !== undefined && { to: form.To }),
      ...(form.From !== undefined && { from: form.From }),
      ...(form.MessagingServiceSid !== undefined && { messagingServiceSid: form.MessagingServiceSid }),
    }
  })

function reasonIn(code = ''): { reason?: string } {
  return /^[1-9]\d{0,5}$/.test(code) ? { reason: reasonOfCode(Number(code)) } : {}
}
