import { analysisView, foldItems, reasonText, type StoredEntry } from '@chatlane/core'
import type { Caller } from '../auth/caller.ts'

/** An entry goes to all streams of its conversation in the same words. */
const made = { server: new WeakMap<StoredEntry, string>(), participant: new WeakMap<StoredEntry, string>() }

/** A ledger entry as server-sent events; the last of them carries the entry's id. Empty: it is not for this caller. */
export function framesOf(stored: StoredEntry, caller: Caller): string {
  const frames = made[caller].get(stored) ?? makeFrames(stored, caller)
  made[caller].set(stored, frames)
  return frames
}

function makeFrames(stored: StoredEntry, caller: Caller): string {
  const { id, entry } = stored
  switch (entry.kind) {
    case 'message': {
      const [item] = foldItems([stored])
      const message = frame('message', item, id)
      // Before the message: whoever has the message's id, and resumes behind it, has had both.
      return entry.answers === undefined
        ? message
        : frame('status', { message_id: entry.answers, status: 'answered' }) + message
    }
    case 'status':
      return frame('status', { message_id: entry.message, status: entry.status, ...why(entry.reason) }, id)
    case 'analysis':
      // What is said of a participant is not for them.
      return caller === 'server' ? frame('status', { analysis: analysisView(entry.analysis) }, id) : ''
    case 'conversation':
      return frame('status', { conversation: entry.status, chat_id: entry.chatId, reason: entry.reason }, id)
  }
}

function why(reason: string | undefined) {
  return reason === undefined ? {} : { reason, reason_text: reasonText(reason) }
}

/** The agent is at work; it has no id, for it is over as soon as something else comes. */
export function typingFrame(conversation: string): string {
  return frame('typing', { conversation_id: conversation })
}

/** JSON has no line ends outside of its escapes, so one data line holds it. */
function frame(event: string, data: unknown, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
