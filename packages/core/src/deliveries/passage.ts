import { setTimeout as passed } from 'node:timers/promises'
import { carriedChannelOf } from '../channels/channels.ts'
import type { OutgoingContent } from '../channels/twilio/send.ts'
import type { DeliveryItem } from '../conversations/items.ts'
import { isRedisUnavailable } from '../redis/unavailable.ts'
import { contentOf } from './content.ts'
import type { Delivery } from './delivery.ts'
import { done, forbiddenNow, type Outcome, type Sending, wait, waitUnlessOptedOut } from './outcomes.ts'
import type { Progress } from './progress.ts'
import type { Ends, Passage } from './sender-gate.ts'

/** What may be sent now, and whether it goes ahead of others. */
export interface Cleared {
  content: OutgoingContent
  probe?: string
}

/** A shorter wait costs less than to come back. */
const IN_PLACE_MS = 100

/** Who comes so late to its place (a pause, a worker that died) asks for another one, or all of them would come at once; but once only. */
const LATE_MS = 30_000

/** Pause of a delivery for which Redis could not say whether it may go. */
const REDIS_AWAY_MS = 1_000

/** Those who wait for the end of a pause come back spread over a quarter of its time by now, within these bounds. */
const SPREAD_MS = { least: 1_000, most: 60_000 }

/** Who a delivery's sender is to its gate. */
export function senderOf({ from, service }: Pick<DeliveryItem, 'from' | 'service'>): string {
  return from ?? service ?? ''
}

/** A delivery to the gate of its sender. */
export function endsOf({ item, turn }: Pick<Delivery, 'item' | 'turn'>): Ends {
  return { sender: senderOf(item), to: item.to, conversation: turn.lane }
}

/** Clears a part for its call, or says what becomes of the delivery instead. `covered`: nothing is left to be sent for it. */
export async function clear(
  delivery: Delivery,
  state: Progress,
  body: string,
  wrote: number | undefined,
  sending: Sending,
): Promise<Cleared | Outcome | 'covered'> {
  const { item, gate, routes, turn } = delivery
  const route = routes.current.smsRoute({ to: item.from ?? '', messagingServiceSid: item.service })
  const content = contentOf(item, { part: state.part, body }, wrote, route?.template)
  if (content === 'outside_window') return done(delivery, 'failed', sending, content)
  if (content === 'covered') return content
  const { slot, late } = state
  const early = slot === undefined ? 0 : slot - Date.now()
  if (early > IN_PLACE_MS) return wait(delivery, state, sending, early, 'paced')
  const hasPlace = slot !== undefined && (late || early > -LATE_MS)
  const costMs =
    hasPlace || route?.maxPerSecond === undefined ? 0 : (1_000 * weightOf(item, content)) / route.maxPerSecond
  const ends = endsOf(delivery)
  let passage: Passage
  try {
    if (costMs === 0 && !(await gate.mayPause(ends))) return { content }
    // It is not to take a place at the sender's pace, or to go ahead after a pause, instead of others.
    const reason = await forbiddenNow(delivery, state)
    if (reason) return done(delivery, 'failed', sending, reason)
    passage = await gate.pass(ends, costMs)
  } catch (error) {
    if (!isRedisUnavailable(error)) throw error
    return wait(delivery, state, sending, REDIS_AWAY_MS, 'redis')
  }
  const { waitMs, held, probe } = passage
  if (held) {
    const spreadMs = Math.min(Math.max(held.forMs / 4, SPREAD_MS.least), SPREAD_MS.most)
    return waitUnlessOptedOut(delivery, state, sending, waitMs + Math.random() * spreadMs, held.reason)
  }
  if (waitMs > IN_PLACE_MS) {
    const place = { slot: Date.now() + waitMs, ...(slot !== undefined && { late: true }) }
    return wait(delivery, { ...state, ...place }, sending, waitMs, 'paced')
  }
  if (waitMs > 0) await passed(waitMs, undefined, { signal: turn.signal })
  return { content, ...(probe !== undefined && { probe }) }
}

function weightOf(item: DeliveryItem, content: OutgoingContent): number {
  return 'body' in content ? carriedChannelOf(item.to).weigh(content.body) : 1
}
