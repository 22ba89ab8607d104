import { ALERT, type CodeRow, later, MINUTE, number, optOut, permanent, SECOND, sender } from './code.ts'

const DELIVERED = { endsWith: 'delivered' } as const

/** Codes of WhatsApp, RCS and other channels, mostly of a status callback. */
export const channelCodes: readonly CodeRow[] = [
  sender(63001, 'The channel refuses the credentials of the sender.', DELIVERED),
  sender(63002, 'The channel does not know the sender.', DELIVERED),
  number(63003, 'The person cannot be reached on this channel.'),
  permanent(63005, 'message', 'The channel did not accept the content.'),
  permanent(63006, 'message', 'The content cannot be put into a form that the channel takes.'),
  sender(63007, 'The account has no such sender on this channel.'),
  sender(63008, 'The channel is not set up correctly at Twilio.', DELIVERED),
  later(63009, 'provider', 'The channel had an error.', { again: { times: 1, after: MINUTE } }),
  later(63010, 'provider', 'Twilio had an error with the message.', { again: { times: 1, after: MINUTE } }),
  permanent(63011, 'message', 'The channel did not understand the request.'),
  later(63012, 'provider', 'The channel had an error of its own.', { again: { times: 1, after: MINUTE } }),
  permanent(63013, 'message', "The message breaks the channel's rules.", ALERT),
  optOut(63014, 'The person blocked this sender.'),
  permanent(63015, 'person', 'The person has not joined the WhatsApp sandbox.', ALERT),
  permanent(63016, 'pair', 'More than 24 hours after the person last wrote, WhatsApp takes message templates only.', {
    again: { times: 1, after: 0 },
  }),
  later(63017, 'account', 'More messages a second than the account or the channel may send.', {
    again: { times: 2, after: 30 * SECOND },
    holdMs: 5 * SECOND,
  }),
  later(63018, 'sender', 'The channel takes no more messages for now: too many, or too many to this person.', {
    again: { times: 1, after: 5 * MINUTE },
  }),
  later(63019, 'message', 'The channel could not fetch the media.', { again: { times: 1, after: 30 * SECOND } }),
  sender(63020, 'Meta has a problem with the WhatsApp business account.', DELIVERED),
  permanent(63021, 'message', 'The channel did not accept the content of the message.'),
  sender(63022, 'The WhatsApp name of the sender is not confirmed.', DELIVERED),
  later(63023, 'provider', 'The channel did not deliver the message and did not say why.', {
    again: { times: 1, after: MINUTE },
  }),
  number(63024, 'The recipient is not valid on this channel.'),
  permanent(63025, 'message', 'The channel has this file already.'),
  permanent(63026, 'message', 'The channel took the message for spam.', ALERT),
  permanent(63027, 'message', 'The message template does not exist in this language.', ALERT),
  permanent(63028, 'message', 'The message template has another number of variables.', ALERT),
  permanent(63029, 'message', 'The phone could not load the message template.'),
  permanent(63030, 'message', 'The channel does not take such a message.'),
  permanent(63031, 'pair', 'The message would go to the address that it comes from.'),
  permanent(63032, 'person', 'WhatsApp does not show this person such messages (an experiment of Meta’s).'),
  optOut(63033, 'The person opted out of messages on this channel.'),
  permanent(63034, 'message', 'The file is too large for the channel.'),
  permanent(63035, 'pair', 'The RCS sender is not public yet, or not in the region of the recipient.', ALERT),
  number(63036, 'The number cannot be reached by RCS.'),
  permanent(63037, 'message', 'The file could not be brought to the channel.'),
  later(63038, 'account', 'The day’s messages of the account are used up.', {
    again: { times: 1, after: 30 * MINUTE },
    alert: true,
  }),
  permanent(63039, 'person', 'Facebook warns that this person gets too many messages.', ALERT),
  permanent(63040, 'message', 'WhatsApp has rejected the message template.', ALERT),
  permanent(63041, 'message', 'WhatsApp has paused the message template.', ALERT),
  permanent(63042, 'message', 'WhatsApp has disabled the message template.', ALERT),
  permanent(63049, 'person', 'WhatsApp chose not to show this person a marketing message.'),
  sender(63051, 'WhatsApp has locked the business account of the sender.', DELIVERED),
  permanent(63052, 'message', 'The message template has a form that WhatsApp takes no more.', ALERT),
]
