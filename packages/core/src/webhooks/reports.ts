import type { Addition, Effect, LaneRedis, Lanes, Turn, Verdict } from '@chatlane/lanes'
import type { ConversationDeadLetter } from '../conversations/dead-letter.ts'
import { entryOf } from '../conversations/ledger.ts'
import { writeTogether } from '../redis/write-together.ts'
import { eventOf, type Subject } from './event.ts'

/** The lanes of webhooks; undefined: nobody is told. */
export type WebhookLanes = Lanes | undefined

/**
 * The webhooks of what a step writes to a conversation's ledger, to be added by this very step: nothing happens without being
 * told, in the ledger's order, and each has its entry's id.
 * @param effects the step's, from its first on
 * @param letter the dead letter of which the step tells
 */
export function reports(
  webhooks: WebhookLanes,
  conversation: string,
  subject: Subject,
  effects: readonly Effect[],
  letter?: ConversationDeadLetter,
): Addition[] {
  if (!webhooks) return []
  return effects.flatMap((effect, i): Addition[] => {
    const entry = entryOf(conversation, effect)
    const event = entry && eventOf(entry, subject, letter)
    if (!event) return []
    return [{ lanes: webhooks, lane: conversation, id: { effect: i }, data: JSON.stringify(event) }]
  })
}

/** The same turn, whose records tell of what they write. */
export function reportingTurn(webhooks: WebhookLanes, subject: Subject, turn: Turn): Turn {
  if (!webhooks) return turn
  const record: Turn['record'] = (effects, adds = []) =>
    turn.record(effects, [...adds, ...reports(webhooks, turn.lane, subject, effects)])
  return { ...turn, record }
}

/** The same verdict, whose step tells of what it writes. */
export function reportingVerdict(webhooks: WebhookLanes, subject: Subject, lane: string, verdict: Verdict): Verdict {
  if (verdict.do === 'retry') return verdict
  const { effects = [], adds = [] } = verdict
  const told = reports(webhooks, lane, subject, effects)
  return told.length === 0 ? verdict : { ...verdict, adds: [...adds, ...told] }
}

/**
 * Writes of an api, and what is told of them, in one step.
 * @param once names them: what is told is told once, should another process write the same at the same time
 */
export async function writeReported(
  redis: LaneRedis,
  webhooks: WebhookLanes,
  conversation: string,
  subject: Subject,
  effects: readonly Effect[],
  once?: { id: string; forMs: number },
): Promise<void> {
  const at = effects.findIndex((effect) => reports(webhooks, conversation, subject, [effect]).length > 0)
  const entry = effects[at]
  if (!webhooks || !entry) {
    await writeTogether(redis, effects)
    return
  }
  // The first effect gives the item its id.
  const inOrder = [entry, ...effects.filter((_, i) => i !== at)]
  const [first, ...more] = reports(webhooks, conversation, subject, inOrder)
  const dedupe = once && { dedupe: once }
  await webhooks.add(conversation, { data: first?.data ?? '', effects: inOrder, adds: more, ...dedupe })
}
