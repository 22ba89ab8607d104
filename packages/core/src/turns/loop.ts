import type { Verdict } from '@chatlane/lanes'
import type { MessageItem } from '../conversations/items.ts'
import { statusEffects, timeOfEntry } from '../conversations/ledger.ts'
import { change, type TurnContext } from './context.ts'
import { isLoop, printOf, readExchange, withMessage, written } from './exchange.ts'
import { afterwards } from './group.ts'

/** Takes note of a person's message that is about to be answered on a channel that sends. */
export function noteExchange(context: TurnContext, { text, via }: MessageItem): void {
  const { conversation, item } = context
  if ((via ?? conversation).channel === 'web') return
  context.exchange = withMessage(readExchange(conversation.exchange), text, timeOfEntry(item).getTime())
}

/** The field to write with an answer. */
export function answeredExchange({ exchange }: TurnContext, texts: readonly string[], now: number): { pace?: string } {
  if (!exchange) return {}
  const last = texts.at(-1)
  return { pace: written({ ...exchange, at: now, said: last === undefined ? exchange.said : printOf(last) }) }
}

/**
 * A message in an exchange that goes on like one between two machines is dropped: without an answer it comes to its end. One
 * that may have been said already is not. Undefined: it is to be answered.
 */
export function loopingMessage(context: TurnContext): Verdict | undefined {
  const { conversation, exchange, item, prefix, metrics } = context
  if (!exchange || !isLoop(exchange)) return undefined
  if (conversation.attempt?.item === item || conversation.joined?.head === item || conversation.hand !== undefined)
    return undefined
  metrics.dropped('loop')
  context.looping = true
  const left = { ...afterwards(context, undefined), ...(conversation.gathers && { gathers: '' }) }
  const effects = [
    ...change(context, { ...left, pace: written({ ...exchange, at: Date.now() }) }),
    ...statusEffects(prefix, conversation.id, item, 'dropped', 'loop'),
  ]
  return { do: 'commit', effects }
}
