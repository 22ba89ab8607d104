import { ALERT, type CodeRow, later, MINUTE, number, optOut, permanent, SECOND, sender } from './code.ts'

/** Codes of a status callback: what became of an SMS that Twilio took. */
export const carrierCodes: readonly CodeRow[] = [
  later(30001, 'sender', "Twilio's queue for this sender was full.", {
    again: { times: 2, after: MINUTE },
    holdMs: 30 * SECOND,
  }),
  // What is sent next is refused with 20003 or 20005, which hold the whole account.
  permanent(30002, 'account', 'The Twilio account was suspended.', ALERT),
  later(30003, 'person', 'The phone could not be reached: it may be off, or without a network.', {
    again: { times: 2, after: MINUTE },
    flagAfter: 3,
  }),
  permanent(30004, 'person', 'The message was blocked: a landline, a do-not-call list, or the person opted out.', {
    flagAfter: 2,
  }),
  number(30005, 'The number does not exist, or is not in service any more.'),
  number(30006, 'The number is a landline, or its carrier cannot be reached.'),
  permanent(30007, 'message', 'The message was filtered by Twilio or the carrier.', ALERT),
  later(30008, 'provider', 'The carrier did not deliver the message and did not say why.', {
    again: { times: 1, after: MINUTE },
  }),
  permanent(30010, 'message', 'The message costs more than was allowed.'),
  permanent(30011, 'message', 'The phone takes no media in this region.'),
  permanent(30012, 'message', 'The time for which the message is valid is too short.'),
  permanent(30013, 'message', 'The time for which the message is valid is too long.'),
  permanent(30014, 'message', 'The recipient was not given in a way that Twilio takes.'),
  permanent(30015, 'message', 'Twilio does not carry this kind of channel.'),
  permanent(30016, 'pair', 'Sender and recipient belong to channels that do not go together.'),
  later(30017, 'provider', "The carrier's network was too busy.", { again: { times: 2, after: MINUTE } }),
  permanent(30018, 'pair', 'The carrier of the recipient wants the sender to be registered.', ALERT),
  permanent(30019, 'message', 'The message is too large for the carrier.'),
  permanent(30020, 'message', 'Twilio failed to schedule the message.'),
  later(30021, 'provider', 'The Messaging Service had an error of its own.', { again: { times: 1, after: MINUTE } }),
  later(30022, 'sender', 'The carrier takes fewer messages a second of this sender (US A2P 10DLC).', {
    again: { times: 2, after: MINUTE },
    holdMs: 10 * SECOND,
    holdsFor: 'US',
  }),
  later(30023, 'account', 'The day’s messages to T-Mobile are used up (US A2P 10DLC).', {
    again: { times: 1, after: 'next_pacific_day' },
    alert: true,
  }),
  permanent(30024, 'pair', 'The carrier of the recipient does not know the number to send from.', ALERT),
  later(30027, 'account', 'The day’s messages to T-Mobile are used up (US A2P 10DLC, brand’s limit).', {
    again: { times: 1, after: 'next_pacific_day' },
    alert: true,
  }),
  sender(30032, 'The toll-free number has not been verified.', { endsWith: 'delivered' }),
  sender(30033, 'The campaign of the number is suspended (US A2P 10DLC).', { endsWith: 'delivered', holdsFor: 'US' }),
  sender(30034, 'The number is not registered for US A2P 10DLC.', { endsWith: 'delivered', holdsFor: 'US' }),
  later(30035, 'sender', 'The number is still being registered for US A2P 10DLC.', {
    again: { times: 1, after: 10 * MINUTE },
    alert: true,
  }),
  permanent(30036, 'message', 'The message waited so long that it was no longer valid.'),
  permanent(30037, 'account', 'Sending is disabled for the Twilio account.', ALERT),
  permanent(30038, 'message', 'The message was taken for one with a login code, and filtered.', ALERT),
  permanent(30039, 'pair', 'Two automatic systems seem to be answering each other; Twilio filtered the message.'),
  permanent(30040, 'pair', 'The carrier of the recipient wants the name of the sender to be registered.', ALERT),
  permanent(30041, 'pair', 'The sender is not registered for numbers of the United Kingdom.', ALERT),
  sender(30042, 'The name of the sender is blocked as generic, or has characters that are not allowed.', {
    endsWith: 'delivered',
  }),
  permanent(30043, 'pair', 'The carrier does not take messages from abroad by this way.', ALERT),
  later(30047, 'provider', 'Twilio failed to put the message off to a time at which it may be sent.', {
    again: { times: 1, after: MINUTE },
  }),
  permanent(30410, 'provider', 'The carrier did not say in time what became of it: the message may have arrived.'),
  permanent(30450, 'message', 'The message was blocked as likely SMS pumping fraud.', ALERT),
  permanent(30453, 'message', 'Twilio did not deliver the message.', ALERT),
  later(30454, 'account', 'The messages of the account are used up for now.', {
    again: { times: 1, after: 30 * MINUTE },
    alert: true,
  }),
  permanent(30610, 'person', 'It was too early or too late in the day where the person lives.'),
  permanent(30615, 'person', 'Twilio’s compliance rules kept the message from this person.'),
  permanent(30620, 'person', 'Twilio’s compliance rules did not allow the message to this person.'),
  optOut(30630, 'The person took back their consent to messages.'),
  optOut(30640, 'The number belongs to someone known to sue over messages.'),
]
