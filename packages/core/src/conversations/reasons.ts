import { codeOfReason, linkOfCode, titleOfCode } from '../channels/twilio/codes.ts'
import { errorCatalog } from '../errors/catalog.ts'

/** Our own words for why a message failed or was dropped. */
const WORDS = new Map<string, string>([
  ['attempts_exhausted', 'All tries failed.'],
  ['changed', 'It did not arrive, and has another form since the routes were changed, so it was not sent again.'],
  ['unclear', 'Nobody can say whether it was sent.'],
  ['no_answer', 'The assistant got the message but gave no answer.'],
  ['outcome_unknown', 'Nobody can say whether the assistant got the message.'],
  ['conversation_gone', 'The conversation of this message is not known any more.'],
  ['no_opening', 'There was nothing to begin the conversation with.'],
  ['stop', 'The person asked for no more messages.'],
  ['start', 'The person asked for messages again.'],
  ['help', 'The person asked for help by the keyword.'],
  ['media', 'The message had nothing but media, which this number does not take.'],
  ['own_address', 'The message came from one of our own senders.'],
  ['loop', 'The other side answers like a machine, without end.'],
  ['unreadable', 'What is stored of it cannot be read.'],
  ['duplicate', 'The same message was there before.'],
  ['too_late', 'The confirmation of an opt-out would have come too late, so it was not sent.'],
])

const ERRORS = new Map(Object.entries(errorCatalog).map(([code, { safeMessage }]) => [code.toLowerCase(), safeMessage]))

/** The reason of a message's state in words, for people who look at the conversation; undefined for one that has none. */
export function reasonText(reason: string): string | undefined {
  const twilio = codeOfReason(reason)
  if (!twilio) return WORDS.get(reason) ?? ERRORS.get(reason)
  const { entry, code } = twilio
  if (entry) return entry.words
  const title = titleOfCode(code)
  return `Twilio's error ${code}${title === undefined ? '' : ` (${title})`}: ${linkOfCode(code)}`
}
