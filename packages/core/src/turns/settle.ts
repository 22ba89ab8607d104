import type { Verdict } from '@chatlane/lanes'
import type { Attempt, Change } from '../conversations/conversation.ts'
import { ChatlaneError } from '../errors/chatlane-error.ts'
import { change, type TurnContext } from './context.ts'
import { findText, spoken } from './history.ts'

/** What reading the chat back showed of a completion whose outcome was unclear. */
export type Settled =
  /** The text is in the history, with these answers. */
  | { outcome: 'answered'; texts: string[]; length: number }
  /** It is not there and nobody is at it: it may be sent (in a new chat if `chatOver`). */
  | { outcome: 'free'; chatOver: boolean }
  /** Not to be known yet, or not at all. */
  | { outcome: 'verdict'; verdict: Verdict }

/** Pause between two looks at a chat that may still be answering. */
const LOOK_AGAIN_MS = 1_000

/** After a failure that came as an answer nobody is at the text any more; what took effect is to be seen soon after. */
const SETTLING_MS = 1_000

/**
 * Reads the chat back after an attempt without a clear outcome (a time-out, a lost connection, a crash) and says what became
 * of the text. Without it the text would be sent again, and UponAI's history would hold it twice.
 */
export async function settle(context: TurnContext, attempt: Attempt, text: string): Promise<Settled> {
  const { conversation, uponai, turn } = context
  const chat = await readChat()
  const waited = Date.now() - attempt.at
  const grace = attempt.answered ? SETTLING_MS : context.graceMs
  const atIt = waited < grace
  if (!chat) return { outcome: 'free', chatOver: true }
  if (!chat.historyIncluded) {
    if (atIt && !chat.over) return lookAgain()
    if (attempt.item !== context.item) return { outcome: 'free', chatOver: chat.over }
    return giveUp('outcome_unknown', 'UponAI shows no history of the chat, so nobody can say whether it was said', {})
  }
  if (attempt.item !== context.item) {
    // Left by a message that became a dead letter. What it did to the history has to be known before the next is said.
    if (atIt && !chat.over) return lookAgain()
    conversation.knownLength = spoken(chat.messages).length
    return { outcome: 'free', chatOver: chat.over }
  }
  const finding = findText(chat, conversation.knownLength, text)
  if (!finding.found) {
    if (atIt && !chat.over) return lookAgain()
    return { outcome: 'free', chatOver: chat.over }
  }
  if (finding.answers.length > 0) return { outcome: 'answered', texts: finding.answers, length: finding.length }
  // It got there, so what the caller had no more patience for may still come.
  if (waited < 2 * grace && !chat.over) return lookAgain()
  return giveUp('no_answer', 'the message is in the chat, but no answer to it came', { known: finding.length })

  function giveUp(reason: string, detail: string, changes: Change): Settled {
    const effects = change(context, { ...changes, attempt: null })
    return { outcome: 'verdict', verdict: { do: 'bury', reason, detail, effects } }
  }

  async function readChat() {
    try {
      return await uponai.getChat(attempt.target, { signal: turn.signal })
    } catch (error) {
      if (error instanceof ChatlaneError && error.handling === 'gone') return undefined
      throw error
    }
  }
}

function lookAgain(): Settled {
  return { outcome: 'verdict', verdict: { do: 'retry', afterMs: LOOK_AGAIN_MS, spend: false } }
}
