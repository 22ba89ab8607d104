import type { Verdict } from '@chatlane/lanes'
import { backoff } from '@chatlane/lanes'
import type { Attempt, Change } from '../conversations/conversation.ts'
import { readLedger } from '../conversations/read-ledger.ts'
import { ChatlaneError } from '../errors/chatlane-error.ts'
import { change, type TurnContext } from './context.ts'
import { endOfKnown, findText, saidSince, spoken } from './history.ts'

/** What reading the chat back showed of a completion whose outcome was unclear. */
export type Settled =
  /** The text is in the history, with these answers. */
  | { outcome: 'answered'; texts: string[]; length: number }
  /** It is not there and nobody is at it: it may be sent (in a new chat if `chatOver`). */
  | { outcome: 'free'; chatOver: boolean }
  /** Not to be known yet, or not at all, or it was a try that came to nothing. */
  | { outcome: 'verdict'; verdict: Verdict }

/** Pause between two looks at a chat that may still be answering: the longer that takes, the less a second matters. */
const LOOK_AGAIN = { partOfWaited: 0.05, leastMs: 1_000, mostMs: 10_000 }

/** After a failure that came as an answer nobody is at the text any more; what took effect is to be seen soon after. */
const SETTLING_MS = 1_000

/**
 * Reads the chat back after an attempt without a clear outcome (a time-out, a lost connection, a crash) and says what became
 * of the text. Without it the text would be sent again, and UponAI's history would hold it twice.
 */
export async function settle(context: TurnContext, attempt: Attempt, text: string): Promise<Settled> {
  const { conversation, uponai, turn, redis, prefix } = context
  const chat = await readChat()
  const ours = attempt.item === context.item
  const waited = Date.now() - attempt.at
  const grace = attempt.answered ? SETTLING_MS : context.graceMs
  if (!chat) return free(true)
  const atIt = waited < grace && !chat.over
  if (!chat.historyIncluded) {
    if (atIt) return lookAgain(waited)
    if (!ours) return free(chat.over)
    return giveUp('outcome_unknown', 'UponAI shows no history of the chat, so nobody can say whether it was said')
  }
  const history = spoken(chat.messages)
  if (!ours) {
    // Left by a message that became a dead letter. What it did to the history has to be known before the next is said.
    if (atIt) return lookAgain(waited)
    await note(history.length)
    return free(chat.over)
  }
  const ledger = await readLedger(redis, prefix, conversation.id)
  const known = saidSince(ledger, attempt.target, conversation.certain.since)
  const aligned = known && (await endOfKnown(history, conversation.certain.length, known))
  const end = aligned ?? conversation.knownLength
  const finding = findText(history, end, text)
  if (!finding.found) {
    if (atIt) return lookAgain(waited)
    await note(history.length)
    if (context.whenUnclear === 'send_again') return free(chat.over)
    return giveUp('outcome_unknown', 'the message is not in the chat, and nobody can say whether it will be')
  }
  if (finding.answers.length > 0) {
    // The answer's own commit adds the text and its answers to what is known.
    await note(finding.place)
    return { outcome: 'answered', texts: finding.answers, length: history.length }
  }
  // It got there, so what the caller had no more patience for may still come.
  if (waited < 2 * grace && !chat.over) return lookAgain(waited)
  await note(history.length)
  return giveUp('no_answer', 'the message is in the chat, but no answer to it came')

  /** The history is certain up to here, as far as the ledger goes now. */
  async function note(length: number): Promise<void> {
    const last = await redis.xrevrange(context.keys.ledger, '+', '-', 'COUNT', 1)
    const certain = { length, since: last[0]?.[0] ?? '' }
    await turn.record(change(context, { certain, known: length }))
    conversation.certain = certain
    conversation.knownLength = length
  }

  /** A call that ended and came to nothing was a try; one whose worker died was counted when another took over. */
  function free(chatOver: boolean): Settled {
    if (!ours || attempt.failed === undefined) return { outcome: 'free', chatOver }
    const changes: Change = { attempt: null, ...(chatOver && { over: attempt.target }) }
    const afterMs = backoff(turn.tries + 1, context.backoffMs)
    const verdict = { do: 'retry', afterMs, effects: change(context, changes), detail: attempt.failed } as const
    return { outcome: 'verdict', verdict }
  }

  function giveUp(reason: string, detail: string): Settled {
    const effects = change(context, { attempt: null })
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

function lookAgain(waitedMs: number): Settled {
  const { partOfWaited, leastMs, mostMs } = LOOK_AGAIN
  const afterMs = Math.min(mostMs, Math.max(leastMs, partOfWaited * waitedMs))
  return { outcome: 'verdict', verdict: { do: 'retry', afterMs, spend: false } }
}
