import type { Row } from './row.ts'
import { compressedBodies } from './rows/compressed-bodies.ts'
import { deepJson } from './rows/deep-json.ts'
import { dotsBehindALink } from './rows/dots-behind-a-link.ts'
import { endlessReceiver } from './rows/endless-receiver.ts'
import { forgeries } from './rows/forgeries.ts'
import { fullConversation } from './rows/full-conversation.ts'
import { halfSentBodies } from './rows/half-sent-bodies.ts'
import { halfSentForms } from './rows/half-sent-forms.ts'
import { impersonation } from './rows/impersonation.ts'
import { longTexts } from './rows/long-texts.ts'
import { manyConversations } from './rows/many-conversations.ts'
import { manyMessages } from './rows/many-messages.ts'
import { manyStreams } from './rows/many-streams.ts'
import { readiness } from './rows/readiness.ts'
import { stalledReaders } from './rows/stalled-readers.ts'

export const ROWS: readonly Row[] = [
  fullConversation,
  halfSentBodies,
  compressedBodies,
  longTexts,
  dotsBehindALink,
  manyConversations,
  manyMessages,
  deepJson,
  stalledReaders,
  manyStreams,
  endlessReceiver,
  readiness,
  forgeries,
  impersonation,
  halfSentForms,
]

/** @throws RangeError */
export function rowNamed(name: string): Row {
  const row = ROWS.find((one) => one.name === name)
  if (!row) throw new RangeError(`expected the name of a row, got "${name}"`)
  return row
}
