import { setTimeout as passed } from 'node:timers/promises'
import { backoff } from '@chatlane/lanes'
import type { TwilioAccess } from '../../config/config.ts'
import { type InboundSms, inboundSms } from './inbound.ts'
import { classify, type SmsError } from './sms-error.ts'
import { createTwilioClient } from './twilio-client.ts'

/** A message as Twilio's list shows it. */
export interface ReceivedSms {
  sms: InboundSms
  /** When it was sent on to us, or would have been, ms; Twilio keeps whole seconds. */
  at: number
}

/** Twilio's list of the messages that people sent to any address of our account. */
export interface SmsInbox {
  /**
   * The messages of a time, oldest first.
   * @param since ms, whole seconds
   * @param until ms, whole seconds, not included; left out: all that are there
   * @returns `looked`: how many messages, in and out, Twilio listed for it
   * @throws SmsError when Twilio refuses, or does not answer several times
   */
  received(since: number, until?: number): Promise<{ messages: ReceivedSms[]; looked: number }>
}

/** Twilio's most; a page is one request. */
const PAGE_SIZE = 1_000

/** Reading can be repeated, unlike sending. */
const TRIES = 4

export function createSmsInbox(config: TwilioAccess): SmsInbox {
  const client = createTwilioClient(config)
  return {
    async received(since, until) {
      const inbound: ReceivedSms[] = []
      let looked = 0
      // The whole account's at once: a Messaging Service's senders come and go, and the order holds over all of them.
      let page = await patiently(() =>
        client.messages.page({
          dateSentAfter: new Date(since),
          // Twilio's bounds are both included.
          ...(until !== undefined && { dateSentBefore: new Date(until - 1_000) }),
          pageSize: PAGE_SIZE,
        }),
      )
      for (;;) {
        looked += page.instances.length
        for (const message of page.instances) {
          const at = (message.dateSent ?? message.dateCreated).getTime()
          // Without an id it would be taken for any other one.
          if (!message.sid || !message.from || !message.to) continue
          if (message.direction !== 'inbound' || at < since || (until !== undefined && at >= until)) continue
          const sms = inboundSms({
            messageSid: message.sid,
            accountSid: message.accountSid,
            from: message.from,
            to: message.to,
            messagingServiceSid: message.messagingServiceSid ?? undefined,
            said: { body: message.body ?? '', listed: true },
            attachments: Number(message.numMedia ?? 0),
            media: [],
          })
          inbound.push({ sms, at })
        }
        if (page.nextPageUrl === undefined) break
        const { nextPageUrl } = page
        page = await patiently(() => client.messages.getPage(nextPageUrl))
      }
      // Newest first, as Twilio lists them; within a second its order is all there is.
      const messages = inbound.reverse().sort((one, other) => one.at - other.at)
      return { messages, looked }
    },
  }
}

async function patiently<T>(read: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await read()
    } catch (error) {
      const failure: SmsError = classify(error)
      const hopeless = failure.handling === 'permanent' || failure.handling === 'credentials'
      if (hopeless || tries === TRIES) throw failure
      await passed(failure.retryAfterMs ?? 250 + backoff(tries, 1_000))
    }
  }
}
