const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/**
 * What is done about an error of Twilio's:
 * - `later`: it may work later; tried again within bounds
 * - `permanent`: this message will never go through
 * - `number`: nor will any other one to this number, which is flagged
 * - `opt_out`: the person does not want messages of this sender, or must not get any
 * - `sender`: nothing of this sender will go through until someone changes its settings; the sender pauses
 * - `account`: the same for the whole account
 * - `unclear`: it may have been sent
 */
export type CodeClass = 'later' | 'permanent' | 'number' | 'opt_out' | 'sender' | 'account' | 'unclear'

export interface TwilioCode {
  class: CodeClass
  /** Why a message was not delivered, for the people who look at the conversation. */
  words: string
  /** Refused at once: how long the message is tried in all, ms. */
  patienceMs?: number
  /** The sender pauses for so long, ms. */
  holdMs?: number
  /** What shows that nothing is in the sender's way any more: until then one message at a time goes ahead. Absent: the pause's end. */
  endsWith?: 'taken' | 'delivered'
  /** Told by a status callback, so that it is certain that nobody got it: sent again so often, after a pause (ms). */
  again?: { times: number; after: number | 'next_pacific_day' }
  /** So many failures without a delivery between them flag the number. */
  flagAfter?: number
  /** Someone should look: an error line in the log. */
  alert?: boolean
}

const later = (words: string, more: Omit<TwilioCode, 'class' | 'words'> = {}): TwilioCode => ({
  class: 'later',
  words,
  ...more,
})
const permanent = (words: string, more: Omit<TwilioCode, 'class' | 'words'> = {}): TwilioCode => ({
  class: 'permanent',
  words,
  ...more,
})
const number = (words: string): TwilioCode => ({ class: 'number', words, flagAfter: 1 })
const optOut = (words: string): TwilioCode => ({ class: 'opt_out', words })
const sender = (words: string, endsWith: TwilioCode['endsWith'] = 'taken'): TwilioCode => ({
  class: 'sender',
  words,
  patienceMs: 5 * MINUTE,
  holdMs: MINUTE,
  endsWith,
  alert: true,
})
const account = (words: string): TwilioCode => ({ class: 'account', words, alert: true })
const unclear = (words: string): TwilioCode => ({ class: 'unclear', words })

/**
 * Twilio's error codes that come as an answer to `Messages.create` or as the `ErrorCode` of a status callback. Twilio says
 * that codes change and are no contract: what is not here is treated by its HTTP status.
 * @see https://www.twilio.com/docs/api/errors
 */
export const twilioCodes: ReadonlyMap<number, TwilioCode> = new Map<number, TwilioCode>([
  [11200, permanent("Twilio could not fetch something from the sender's own web server.")],
  [11205, permanent("The sender's own web server did not answer Twilio in time.")],
  [11217, permanent("The sender's own web server refused Twilio's request.")],
  [12300, permanent("The sender's own web server answered Twilio with a content type that it does not take.")],
  [
    14107,
    later('Two automatic systems seem to be answering each other; Twilio stopped that.', { patienceMs: 2 * MINUTE }),
  ],
  [20003, account('Twilio refuses our credentials.')],
  [20005, account('The Twilio account is not active.')],
  [20404, permanent('Twilio does not know the account, service or message that was named.')],
  [20429, later('Too many requests to Twilio at once.')],
  [20500, unclear('Twilio had an error of its own.')],
  [20503, unclear('Twilio was not available.')],
  [21211, number('The number to send to is not valid, or is the same as the sender.')],
  [21212, sender('The address to send from is not valid.')],
  [21408, permanent('Sending to this country is not enabled in the Twilio account.', { alert: true })],
  [21602, permanent('The message has no text.')],
  [21603, permanent('The message has no sender.')],
  [21604, permanent('The message has no recipient.')],
  [21606, sender('The address to send from is not one of the Twilio account, or cannot send such messages.')],
  [21608, permanent('A Twilio trial account can only send to numbers that were verified.', { alert: true })],
  [21609, sender('The address for status callbacks (PUBLIC_URL) is not one that Twilio takes.')],
  [21610, optOut('The person asked not to get messages from this sender.')],
  [
    21611,
    later("Twilio's queue for this sender was full for hours.", {
      patienceMs: 4 * HOUR,
      holdMs: 30 * SECOND,
      endsWith: 'taken',
    }),
  ],
  [21612, number('There is no way from this sender to this number.')],
  [21614, number('The number is not a mobile number.')],
  [21617, permanent('The text is longer than a message may be.')],
  [21619, permanent('The message has neither text nor media.')],
  [21620, permanent('The address of the media is not valid.')],
  [21623, permanent('The message has more media than are allowed.')],
  [21654, permanent('The message template is not known to Twilio.')],
  [21655, permanent('The id of the message template is not valid.')],
  [21656, permanent('The variables do not fit the message template.')],
  [21701, sender('The Messaging Service does not exist.')],
  [21703, sender('The Messaging Service has no senders.')],
  [21704, sender('The Messaging Service has no sender that can send this.')],
  [21705, sender('The Messaging Service cannot be used.')],
  [
    30001,
    later("Twilio's queue for this sender was full.", { again: { times: 2, after: MINUTE }, holdMs: 30 * SECOND }),
  ],
  [30002, sender('The Twilio account was suspended.', 'delivered')],
  [
    30003,
    later('The phone could not be reached: it may be off, or without a network.', {
      again: { times: 2, after: MINUTE },
      flagAfter: 3,
    }),
  ],
  [
    30004,
    permanent('The message was blocked: a landline, a do-not-call list, or the person opted out.', { flagAfter: 2 }),
  ],
  [30005, number('The number does not exist, or is not in service any more.')],
  [30006, number('The number is a landline, or its carrier cannot be reached.')],
  [30007, permanent('The message was filtered by Twilio or the carrier.', { alert: true })],
  [
    30008,
    later('The carrier did not deliver the message and did not say why.', { again: { times: 1, after: MINUTE } }),
  ],
  [30017, later("The carrier's network was too busy.", { again: { times: 2, after: MINUTE } })],
  [30019, permanent('The message is too large for the carrier.')],
  [
    30022,
    later('The carrier takes fewer messages a second of this sender (US A2P 10DLC).', {
      again: { times: 2, after: MINUTE },
      holdMs: 10 * SECOND,
    }),
  ],
  [
    30023,
    later('The day’s messages to T-Mobile are used up (US A2P 10DLC).', {
      again: { times: 1, after: 'next_pacific_day' },
      alert: true,
    }),
  ],
  [30032, sender('The toll-free number has not been verified.', 'delivered')],
  [30034, sender('The number is not registered for US A2P 10DLC.', 'delivered')],
  [
    30035,
    later('The number is still being registered for US A2P 10DLC.', {
      again: { times: 1, after: 10 * MINUTE },
      alert: true,
    }),
  ],
  [30036, permanent('The message waited so long that it was no longer valid.')],
  [30410, permanent('The carrier did not say in time what became of it: the message may have arrived.')],
  [30450, permanent('The message was blocked as likely SMS pumping fraud.', { alert: true })],
  [30610, permanent('It was too early or too late in the day where the person lives.')],
  [30640, optOut('The number belongs to someone known to sue over messages.')],
  [35111, permanent('The time for which the message was scheduled is not valid.')],
  [35114, permanent('The time for which the message was scheduled is missing.')],
  [35115, permanent('The time for which the message was scheduled is too soon or too far away.')],
  [35117, permanent('The message cannot be scheduled for that time.')],
  [35125, permanent('The account has as many scheduled messages as it may have.')],
  [63003, number('The person cannot be reached on this channel.')],
  [63005, permanent('The channel did not accept the content.')],
  [63007, sender('The account has no such sender on this channel.')],
  [63012, later('The channel had an error of its own.', { again: { times: 1, after: MINUTE } })],
  [63013, permanent("The message breaks the channel's rules.", { alert: true })],
  [63014, optOut('The person blocked this sender.')],
  [63015, permanent('The person has not joined the WhatsApp sandbox.', { alert: true })],
  [
    63016,
    permanent('More than 24 hours after the person last wrote, WhatsApp takes message templates only.', {
      again: { times: 1, after: 0 },
    }),
  ],
  [
    63017,
    later('More messages a second than the account or the channel may send.', {
      again: { times: 2, after: 30 * SECOND },
      holdMs: 5 * SECOND,
    }),
  ],
  [
    63018,
    later('The channel takes no more messages for now: too many, or too many to this person.', {
      again: { times: 1, after: 5 * MINUTE },
    }),
  ],
  [63019, later('The channel could not fetch the media.', { again: { times: 1, after: 30 * SECOND } })],
  [63020, sender('Meta has a problem with the WhatsApp business account.', 'delivered')],
  [63021, permanent('The channel did not accept the content of the message.')],
  [63024, number('The recipient is not valid on this channel.')],
  [63032, permanent('WhatsApp does not show this person such messages (an experiment of Meta’s).')],
  [
    63038,
    later('The day’s messages of the account are used up.', { again: { times: 1, after: 30 * MINUTE }, alert: true }),
  ],
])

/** Why a message that Twilio refused, or did not deliver, failed: the word that the ledger keeps. */
export function reasonOfCode(code: number): string {
  if (code === 21610) return 'opted_out'
  return code === 63016 ? 'outside_window' : `twilio_${code}`
}

/** What is known of the code in a reason that {@link reasonOfCode} gave. */
export function codeOfReason(reason: string): { code: number; entry?: TwilioCode } | undefined {
  const text = /^twilio_(\d{1,6})$/.exec(reason)?.[1]
  const code = reason === 'opted_out' ? 21610 : reason === 'outside_window' ? 63016 : Number(text)
  if (Number.isNaN(code)) return undefined
  const entry = twilioCodes.get(code)
  return { code, ...(entry && { entry }) }
}
