import { z } from 'zod'
import type { MessageStatus } from '../../conversations/ledger.ts'
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

/**
 * The form of Twilio's status callback.
 * @see https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
 */
export const smsStatusForm = z
  .object({
    MessageSid: z.string().min(1).max(64),
    AccountSid: z.string().min(1),
    MessageStatus: z.string().min(1).max(64),
    ErrorCode: z.string().optional(),
    To: z.string().min(1).optional(),
    From: z.string().min(1).optional(),
    MessagingServiceSid: z.string().min(1).optional(),
  })
  .transform((form): SmsStatus => {
    const status = STATUSES.get(form.MessageStatus)
    return {
      messageSid: form.MessageSid,
      accountSid: form.AccountSid,
      twilioStatus: form.MessageStatus,
      ...(status !== undefined && { status }),
      ...(form.ErrorCode && /^[1-9]\d{0,5}$/.test(form.ErrorCode) && { reason: reasonOfCode(Number(form.ErrorCode)) }),
      ...(form.To !== undefined && { to: form.To }),
      ...(form.From !== undefined && { from: form.From }),
      ...(form.MessagingServiceSid !== undefined && { messagingServiceSid: form.MessagingServiceSid }),
    }
  })
