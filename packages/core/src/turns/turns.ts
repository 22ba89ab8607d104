import {
  type Addition,
  type DeadLetter,
  type Effect,
  type Item,
  LeaseLostError,
  type Turn,
  type Verdict,
} from '@chatlane/lanes'
import { present } from '../conversations/dead-letter.ts'
import { type ConversationItem, conversationItem } from '../conversations/items.ts'
import { ledgerEffect } from '../conversations/ledger.ts'
import { ChatlaneError } from '../errors/chatlane-error.ts'
import type { Logger } from '../logging/logger.ts'
import { isRedisUnavailable } from '../redis/unavailable.ts'
import { reportingVerdict, reports } from '../webhooks/reports.ts'
import { attemptEffects } from './attempt.ts'
import { Beginnings } from './beginnings.ts'
import { doClose, doEnd, doEnded, leavePlace } from './close.ts'
import { announce, change, loadContext, rearm, type TurnContext, type TurnParts } from './context.ts'
import { verdictOf } from './failure.ts'
import { followParticipant } from './follow.ts'
import { afterwards, follow, MORE_MAY_COME, sharedEnd } from './group.ts'
import { handOn } from './hand-on.ts'
import { isHandedOff } from './handed-off.ts'
import { answeredExchange, loopingMessage, noteExchange } from './loop.ts'
import { doMessage, settleMessage } from './message.ts'
import { openChat } from './open-chat.ts'
import { doOpening } from './opening.ts'
import { droppedMessage } from './opted-out.ts'
import { outgoing } from './outgoing.ts'

/** Handles the items of conversations' lanes; see `LaneWorkerOptions`. */
export interface TurnHandler {
  handler(item: Item, turn: Turn): Promise<Verdict>
  onExhausted(item: Item, turn: Turn): Promise<Verdict | undefined>
  onBury(letter: DeadLetter, turn: Turn): Promise<{ effects?: Effect[]; adds?: Addition[] }>
}

export function createTurnHandler(parts: TurnParts, logger: Logger): TurnHandler {
  const beginnings = new Beginnings()
  return {
    async handler(item, turn) {
      const work = conversationItem.parse(JSON.parse(item.data))
      const begun = await beginnings.take()
      const began = performance.now()
      const context = await loadContext(parts, item.id, turn, work, begun)
      if (!context) return goneVerdict(work)
      let outcome: Verdict['do'] | 'error' = 'error'
      const line: Record<string, unknown> = {
        conversation: turn.lane,
        item: item.id,
        kind: work.kind,
        tries: turn.tries,
      }
      try {
        const decided = await run(context, work)
        const verdict = work.kind === 'close' ? leavePlace(context, decided) : decided
        outcome = verdict.do
        Object.assign(line, { chat: context.conversation.chatId })
        if (context.looping)
          logger.warn({ conversation: turn.lane, item: item.id }, 'a machine seems to answer: its message is dropped')
        if (context.cut) logger.warn({ conversation: turn.lane, item: item.id, event: 'answer_cut' }, ANSWER_CUT)
        if (verdict.do !== 'commit') line.detail = verdict.detail
        return reportingVerdict(parts.webhooks, context.conversation, turn.lane, verdict)
      } catch (error) {
        line.err = error
        throw error
      } finally {
        begun()
        const ms = performance.now() - began
        // One that only waits for more has decided nothing.
        const waits = line.detail === MORE_MAY_COME
        if (!waits) parts.metrics.turn(work.kind, outcome, ms)
        logger[waits ? 'debug' : 'info']({ ...line, outcome, ms: Math.round(ms) }, 'turn')
      }
    },

    async onExhausted(item, turn) {
      const work = conversationItem.parse(JSON.parse(item.data))
      const context = work.kind === 'message' ? await loadContext(parts, item.id, turn, work) : undefined
      if (!context || work.kind !== 'message') return undefined
      try {
        const verdict = await settleMessage(context, work)
        return verdict && reportingVerdict(parts.webhooks, context.conversation, turn.lane, verdict)
      } catch (error) {
        if (!(error instanceof ChatlaneError) || turn.signal.aborted) throw error
        if (error.handling === 'retry_after' || error.handling === 'credentials') return verdictOf(context, error)
        return { do: 'bury', reason: 'outcome_unknown', detail: `${error.code}: ${error.message}` }
      }
    },

    async onBury(letter, turn) {
      logger.warn(
        { conversation: letter.lane, item: letter.id, reason: letter.reason, detail: letter.detail },
        'dead letter',
      )
      parts.metrics.deadLetter('turns', letter.reason)
      const item = conversationItem.safeParse(JSON.parse(letter.data)).data
      // What is given up because it cannot be read must not hold up its lane once more.
      const context = await loadContext(parts, letter.id, turn, item).catch((error: unknown) => {
        if (isRedisUnavailable(error)) throw error
        logger.error({ conversation: letter.lane, err: error }, 'the conversation cannot be read')
        return undefined
      })
      if (!context || !item) return {}
      // Neither opened nor ended: the chat is as it was, and is closed when its time is up.
      const { conversation, settings, prefix } = context
      const failed = { kind: 'status' as const, message: letter.id, status: 'failed' as const, reason: letter.reason }
      const tell = (effects: Effect[]) =>
        reports(parts.webhooks, turn.lane, conversation, effects, present('turns', letter))
      if (item.kind !== 'message') {
        // Who asked for an opening was given its id.
        const asked = item.kind === 'open' && item.mustGreet
        const said = asked ? [ledgerEffect(prefix, conversation.id, failed)] : []
        const effects = [...said, ...change(context, { ending: '' }), ...rearm(context, Date.now())]
        return { effects: asked ? [...effects, announce(context)] : effects, adds: tell(effects) }
      }
      if (item.via) context.via = item.via
      noteExchange(context, item)
      await followParticipant(context)
      // Of those that were said together one failure is enough; and an operator says what there is to say.
      const silent = sharedEnd(context) !== undefined || isHandedOff(context)
      const text = silent ? undefined : settings.failureMessage
      const { effects, adds } = outgoing(context, text === undefined ? [] : [{ role: 'system', text }], [
        ledgerEffect(prefix, conversation.id, failed),
        ...change(context, {
          ...answeredExchange(context, text === undefined ? [] : [text], Date.now()),
          ...afterwards(context, { reason: letter.reason, detail: letter.detail }),
        }),
        ...rearm(context, Date.now()),
      ])
      return { effects: [...effects, announce(context)], adds: [...adds, ...tell(effects)] }
    },
  }
}

const ANSWER_CUT =
  'an answer had more than 20 messages or 16000 characters: only its beginning is shown and sent; see docs/limits.md#answers'

/** Redis lost the conversation, but not the item: a message must not vanish without a word. */
function goneVerdict(item: ConversationItem): Verdict {
  const promised = item.kind === 'message' || (item.kind === 'open' && item.mustGreet === true)
  if (!promised) return { do: 'commit' }
  return { do: 'bury', reason: 'conversation_gone', detail: 'nothing is known of its conversation any more' }
}

async function run(context: TurnContext, item: ConversationItem): Promise<Verdict> {
  try {
    return await perform(context, item)
  } catch (error) {
    // An aborted call says nothing of the other side: the item is handed on, its attempt on record as it was.
    if (!(error instanceof ChatlaneError) || context.turn.signal.aborted) throw error
    if (error.cause instanceof LeaseLostError) throw error.cause
    // The greeting was a courtesy; the first message opens the chat with all its tries. What was made all the same is closed.
    if (
      item.kind === 'open' &&
      !item.mustGreet &&
      error.handling !== 'retry_after' &&
      error.handling !== 'credentials'
    ) {
      return { do: 'commit', effects: [...attemptEffects(context), ...rearm(context, Date.now())] }
    }
    return verdictOf(context, error)
  }
}

async function perform(context: TurnContext, item: ConversationItem): Promise<Verdict> {
  switch (item.kind) {
    case 'message':
      await context.conversations.keepAddresses(context.conversation)
      noteExchange(context, item)
      // One that was said with another is past all that.
      return (
        follow(context) ??
        (await handOn(context, item)) ??
        (await droppedMessage(context, item)) ??
        loopingMessage(context) ??
        doMessage(context, item)
      )
    case 'noted':
      if (item.optOut) await context.conversations.optOuts.apply(item.optOut, context.item)
      return { do: 'commit' }
    case 'open':
      if (item.mustGreet) return doOpening(context)
      if (context.conversation.chatId === undefined && !isHandedOff(context))
        await openChat(context, item.keptSeconds === undefined ? {} : { keptSeconds: item.keptSeconds })
      return { do: 'commit' }
    case 'close':
      return doClose(context)
    case 'end':
      return doEnd(context)
    case 'ended':
      return doEnded(context, item.chat)
  }
}
