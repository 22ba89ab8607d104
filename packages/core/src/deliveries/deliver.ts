import { backoff } from '@chatlane/lanes'
import { SmsError } from '../channels/twilio/sms-error.ts'
import { shardOfConversation } from '../conversations/keys.ts'
import { pairOf } from '../conversations/opt-outs.ts'
import { hasArrived, leastReached } from '../conversations/told.ts'
import { isNotReplicated } from '../redis/replicas.ts'
import type { AccountPause } from './account-pause.ts'
import type { Delivery } from './delivery.ts'
import { giveUp, isGivenUp } from './give-up.ts'
import { sendUnlessOptedOut } from './last-look.ts'
import { done, type Outcome, record, type Sending, spend, wait, waitUnlessOptedOut } from './outcomes.ts'
import { partsOf } from './parts.ts'
import { type Cleared, clear, endsOf, senderOf } from './passage.ts'
import { forbidden } from './permission.ts'
import { type Progress, readSending, readTold, withSent } from './progress.ts'
import { listedAt, settle } from './settle.ts'

/** Pause of a single delivery for which Twilio asks to come back later without saying when. */
const LATER_MS = 30_000

/**
 * One try at a message: sends its parts, from the one that it has come to. A part with a status callback was sent, whatever
 * became of the call; one whose call had no clear outcome is settled first. Nothing is sent that may have been sent before.
 */
export async function deliver(delivery: Delivery): Promise<Outcome> {
  const { item, turn, redis, prefix, message, pause } = delivery
  const texts = partsOf(item)
  const { progress, sent, told, wrote, confirmed } = await readSending(redis, prefix, message, turn.lane)
  const sending: Sending = { sent, unknown: (progress?.unknown ?? []).filter((part) => !told.sids.has(part)) }
  // Looked at once more right before the call; only here, whether another one was confirmed.
  const reason = item.confirms && !progress && (await forbidden(delivery, confirmed))
  if (reason) return done(delivery, 'failed', sending, reason)
  const { again = 0 } = item
  const end = again === 0 ? texts.length : (item.part ?? 0) + 1
  // The routes file has changed since, and with it the form of the text.
  if (again > 0 && end > texts.length) return done(delivery, 'failed', sending, 'changed')
  for (let part = progress?.part ?? item.part ?? 0; part < end; part++) {
    const sids = told.sids.get(part) ?? []
    // What was sent before has arrived after all.
    if (again > 0 && hasArrived(told, part)) continue
    // What is sent again has the ids of what did not arrive as well.
    if (sids.length > again) {
      sending.sent = withSent(sending.sent, sids)
      continue
    }
    const { waitMs } = pause
    const begun = progress?.part === part ? progress : undefined
    const state = begun ?? { message, part }
    const dueMs = (item.due ?? 0) - Date.now()
    if (dueMs > 0) return waitUnlessOptedOut(delivery, state, sending, dueMs, 'sent_again')
    if (waitMs > 0) return waitUnlessOptedOut(delivery, state, sending, waitMs, 'paused')
    const body = texts[part] ?? ''
    const doubt = begun?.at === undefined ? undefined : begun
    if (doubt) {
      const settled = await settleDoubt(delivery, body, doubt, sending)
      if (settled !== 'not_sent' && settled !== 'over') return settled
      if (settled === 'over') continue
    }
    const cleared = await clear(delivery, state, body, wrote, sending)
    if (cleared === 'covered') continue
    if ('verdict' in cleared) return cleared
    const first = doubt && (doubt.first ?? doubt.at)
    const { since } = state
    const failure = await sendPart(delivery, cleared, { part, first, since }, sending)
    if (failure) return failure
  }
  const { unknown } = sending
  if (unknown.length > 0) return done(delivery, 'unknown', sending, 'unclear')
  return done(delivery, leastReached(told, texts.length) ?? 'sent', sending)
}

/** What became of a call whose outcome was not clear: the part is over (sent or unknown), was not sent, or has to wait. */
async function settleDoubt(
  delivery: Delivery,
  body: string,
  doubt: Progress,
  sending: Sending,
): Promise<'over' | 'not_sent' | Outcome> {
  const { sms, item, pause, turn } = delivery
  try {
    const settled = await settle(sms, item, body, doubt, sending.sent)
    pause.passed()
    if (settled.outcome === 'later') return wait(delivery, doubt, sending, settled.afterMs, 'unclear')
    if (settled.outcome === 'not_sent')
      return doubt.due === undefined || doubt.counted ? 'not_sent' : again(delivery, doubt, sending)
    if (settled.outcome === 'sent') sending.sent = withSent(sending.sent, [settled.sid])
    else await noteUnknown(delivery, doubt.part, sending)
    return 'over'
  } catch (error) {
    if (!(error instanceof SmsError)) throw error
    const isForAll = await pause.learn(error, turn.lane)
    if (error.handling === 'credentials' && !isForAll) return again(delivery, doubt, sending)
    return wait(delivery, doubt, sending, pauseOf(error, pause), error.reason)
  }
}

/** Nobody can say whether the part was sent, unless a callback came while its end was waited for. */
async function noteUnknown({ redis, prefix, message, turn }: Delivery, part: number, sending: Sending): Promise<void> {
  const { sids } = await readTold(redis, prefix, message, turn.lane)
  const known = sids.get(part)
  if (known) sending.sent = withSent(sending.sent, known)
  else sending.unknown = [...sending.unknown, part]
}

/** Undefined when Twilio took the part. */
async function sendPart(
  delivery: Delivery,
  { content, probe }: Cleared,
  { part, first, since }: { part: number; first: number | undefined; since: number | undefined },
  sending: Sending,
): Promise<Outcome | undefined> {
  const { item, turn, message, publicUrl, pause, replicas, gate } = delivery
  const known = { ...(first !== undefined && { first }), ...(since !== undefined && { since }) }
  const progress: Progress = { message, part, at: Date.now(), ...known }
  const parts = partsOf(item).length
  const query = new URLSearchParams({ conversation: turn.lane, message, part: String(part), parts: String(parts) })
  try {
    replicas.demand(shardOfConversation(turn.lane))
    await record(delivery, progress, sending)
    await replicas.confirm(shardOfConversation(turn.lane))
  } catch (error) {
    if (!isNotReplicated(error)) throw error
    return wait(delivery, notTaken(progress), sending, error.retryAfterMs ?? LATER_MS, 'not_replicated')
  }
  try {
    const outgoing = {
      to: item.to,
      ...content,
      ...(item.from !== undefined && { from: item.from }),
      ...(item.from === undefined && item.service !== undefined && { messagingServiceSid: item.service }),
      statusCallback: `${publicUrl}/webhooks/twilio/status?${query}`,
    }
    const sent = await sendUnlessOptedOut(delivery, outgoing)
    if ('forbidden' in sent) return done(delivery, 'failed', sending, sent.forbidden)
    pause.passed()
    sending.sent = withSent(sending.sent, [sent.sid])
    if (probe !== undefined) await gate.taken(endsOf(delivery), probe)
    return undefined
  } catch (error) {
    if (error instanceof SmsError) return failed(delivery, error, progress, sending)
    throw error
  }
}

async function failed(delivery: Delivery, error: SmsError, progress: Progress, sending: Sending): Promise<Outcome> {
  const { item, message, turn, backoffMs, pause, consequences } = delivery
  const { reason, handling } = error
  const about = {
    to: item.to,
    sender: senderOf(item),
    waits: handling !== 'permanent',
    pair: pairOf(item),
    conversation: turn.lane,
    message,
    once: message,
  }
  await consequences.apply(reason, about)
  if (handling === 'permanent') return done(delivery, 'failed', sending, reason)
  const isForAll = await pause.learn(error, turn.lane)
  if (handling === 'unclear') return wait(delivery, { ...progress, due: listedAt(error) }, sending, 1_000, reason)
  const state = notTaken(progress)
  const afterMs = backoff(turn.tries + 1, backoffMs)
  if (handling === 'retry') return spend(delivery, state, sending, afterMs, error.message, reason)
  const { since = Date.now() } = progress
  if (handling === 'credentials' && !isForAll) {
    // A first refusal of this message alone may be a hiccup.
    if (progress.since === undefined) return wait(delivery, { ...state, since }, sending, afterMs, reason)
    return spend(delivery, { ...state, since }, sending, afterMs, error.message, reason)
  }
  if (isGivenUp(reason, since)) return giveUp(delivery, state, sending, reason)
  return wait(delivery, { ...state, since }, sending, pauseOf(error, pause), reason)
}

/** Not taken for certain; what an earlier call for this part did is still looked for before the next one. */
function notTaken({ message, part, first }: Progress): Progress {
  return first === undefined ? { message, part } : { message, part, at: first, first, due: first, counted: true }
}

function pauseOf({ retryAfterMs }: SmsError, pause: AccountPause): number {
  return pause.waitMs || (retryAfterMs ?? LATER_MS)
}

/** A call that ended without a clear outcome had no effect: it was one try. */
function again(delivery: Delivery, doubt: Progress, sending: Sending): Promise<Outcome> {
  const afterMs = backoff(delivery.turn.tries + 1, delivery.backoffMs)
  return spend(delivery, { ...doubt, counted: true }, sending, afterMs, 'Twilio did not take it')
}
