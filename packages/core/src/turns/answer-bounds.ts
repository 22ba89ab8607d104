import { splitText } from '../channels/twilio/split.ts'

/** Messages of one answer. */
const MOST_MESSAGES = 20

/** Characters (UTF-16 units) of one answer: ten full messages of Twilio's. */
const MOST_CHARACTERS = 16_000

const CUT = '…'

/**
 * What of an answer is shown and sent. An agent that loops, or a tool that pastes a document, can answer without end, and a
 * person would get thousands of texts.
 * @returns the texts themselves when they are within bounds, else as much of their beginning as that, with a mark at its end
 */
export function boundAnswer(texts: readonly string[]): { texts: readonly string[]; cut: boolean } {
  const kept: string[] = []
  let room = MOST_CHARACTERS
  for (const text of texts) {
    if (kept.length === MOST_MESSAGES || room < text.length) {
      const [beginning = ''] = kept.length === MOST_MESSAGES ? [] : splitText(text.slice(0, room + 64), room)
      if (beginning !== '') kept.push(beginning)
      return { texts: [...kept.slice(0, -1), `${kept.at(-1) ?? ''} ${CUT}`], cut: true }
    }
    kept.push(text)
    room -= text.length
  }
  return { texts: kept, cut: false }
}
