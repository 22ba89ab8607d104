import type { Effect, LaneRedis, Turn, Verdict } from '@chatlane/lanes'
import { backoff } from '@chatlane/lanes'
import type { SmsSender } from '../channels/sms/send.ts'
import { SmsError } from '../channels/sms/sms-error.ts'
import { splitText } from '../channels/sms/split.ts'
import type { DeliveryItem } from '../conversations/items.ts'
import { shardOfConversation } from '../conversations/keys.ts'
import { type MessageStatus, statusEffects } from '../conversations/ledger.ts'
import { isNotReplicated, type Replicas } from '../redis/replicas.ts'
import type { AccountPause } from './account-pause.ts'
import { doneEffects, type Progress, progressEffects, readSending, readTold, type Sent, withSent } from './progress.ts'
import { listedAt, settle } from './settle.ts'

export interface DeliveryParts {
  redis: LaneRedis
  /** Who must know of a call before it is made. */
  replicas: Replicas
  prefix: string
  sms: SmsSender
  /** Stands before every call to Twilio. */
  pause: AccountPause
  /** Where providers reach the api, for status callbacks. */
  publicUrl: string
  backoffMs: number
}

export interface Delivery extends DeliveryParts {
  /** The message's entry in the ledger. */
  message: string
  item: DeliveryItem
  turn: Turn
}

export interface Outcome {
  verdict: Verdict
  outcome: MessageStatus | 'later'
  parts?: number
  reason?: string
}

/** What goes on from part to part. */
interface Sending {
  sent: Sent
  /** Parts of which nobody can say whether they were sent. */
  unknown: number[]
}

/** Pause of a single delivery for which Twilio asks to come back later without saying when. */
const LATER_MS = 30_000

/** The least that must be left of the lease when a call begins. */
const LEAST_LEASE_MS = 1_000

/**
 * One try at a message: sends its parts, from the one that it has come to. A part with a status callback was sent, whatever
 * became of the call; one whose call had no clear outcome is settled first. Nothing is sent that may have been sent before.
 */
export async function deliver(delivery: Delivery): Promise<Outcome> {
  const { item, turn, redis, prefix, message, pause } = delivery
  const texts = splitText(item.text)
  const { progress, sent, told } = await readSending(redis, prefix, message, turn.lane)
  const sending: Sending = { sent, unknown: (progress?.unknown ?? []).filter((part) => !told.sids.has(part)) }
  for (let part = progress?.part ?? item.part ?? 0; part < texts.length; part++) {
    const sids = told.sids.get(part)
    if (sids) {
      sending.sent = withSent(sending.sent, sids)
      continue
    }
    const { waitMs } = pause
    const begun = progress?.part === part ? progress : undefined
    if (waitMs > 0) return wait(delivery, begun ?? { message, part }, sending, waitMs, 'paused')
    const body = texts[part] ?? ''
    const doubt = begun?.at === undefined ? undefined : begun
    if (doubt) {
      const settled = await settleDoubt(delivery, body, doubt, sending)
      if (settled !== 'not_sent' && settled !== 'over') return settled
      if (settled === 'over') continue
    }
    const failure = await sendPart(delivery, body, { part, first: doubt && (doubt.first ?? doubt.at) }, sending)
    if (failure) return failure
  }
  const { unknown } = sending
  if (unknown.length > 0) return done(delivery, 'unknown', sending, 'unclear')
  return done(delivery, 'sent', sending)
}

/** What became of a call whose outcome was not clear: the part is over (sent or unknown), was not sent, or has to wait. */
async function settleDoubt(
  delivery: Delivery,
  body: string,
  doubt: Progress,
  sending: Sending,
): Promise<'over' | 'not_sent' | Outcome> {
  const { sms, item, pause } = delivery
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
    pause.learn(error)
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
  body: string,
  { part, first }: { part: number; first: number | undefined },
  sending: Sending,
): Promise<Outcome | undefined> {
  const { item, turn, message, sms, publicUrl, pause, replicas } = delivery
  const progress: Progress = { message, part, at: Date.now(), ...(first !== undefined && { first }) }
  const parts = splitText(item.text).length
  const query = new URLSearchParams({ conversation: turn.lane, message, part: String(part), parts: String(parts) })
  try {
    replicas.demand()
    await record(delivery, progress, sending)
    await replicas.confirm(shardOfConversation(turn.lane))
  } catch (error) {
    if (!isNotReplicated(error)) throw error
    return wait(delivery, notTaken(progress), sending, error.retryAfterMs ?? LATER_MS, 'not_replicated')
  }
  const begin = () => turn.assertLease(LEAST_LEASE_MS)
  begin()
  try {
    const outgoing = {
      to: item.to,
      body,
      ...(item.from !== undefined && { from: item.from }),
      ...(item.from === undefined && item.service !== undefined && { messagingServiceSid: item.service }),
      statusCallback: `${publicUrl}/webhooks/twilio/status?${query}`,
    }
    const sid = await sms.send(outgoing, begin)
    pause.passed()
    sending.sent = withSent(sending.sent, [sid])
    return undefined
  } catch (error) {
    if (error instanceof SmsError) return failed(delivery, error, progress, sending)
    throw error
  }
}

async function failed(delivery: Delivery, error: SmsError, progress: Progress, sending: Sending): Promise<Outcome> {
  const { turn, backoffMs, pause } = delivery
  const { reason, handling } = error
  if (handling === 'permanent') return done(delivery, 'failed', sending, reason)
  pause.learn(error)
  if (handling === 'unclear') return wait(delivery, { ...progress, due: listedAt(error) }, sending, 1_000, reason)
  const state = notTaken(progress)
  if (handling !== 'retry') return wait(delivery, state, sending, pauseOf(error, pause), reason)
  return spend(delivery, state, sending, backoff(turn.tries + 1, backoffMs), error.message, reason)
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

/** Ends a try that counts. Recorded before: if it was the last one, what is on record decides what became of the message. */
async function spend(
  delivery: Delivery,
  state: Progress,
  sending: Sending,
  afterMs: number,
  detail: string,
  reason?: string,
): Promise<Outcome> {
  await record(delivery, state, sending)
  return { verdict: { do: 'retry', afterMs, detail }, outcome: 'later', ...(reason !== undefined && { reason }) }
}

/** Ends a try that does not count. */
function wait(delivery: Delivery, state: Progress, sending: Sending, afterMs: number, reason: string): Outcome {
  const effects = recordEffects(delivery, state, sending)
  return { verdict: { do: 'retry', afterMs, spend: false, effects, detail: reason }, outcome: 'later', reason }
}

function done(delivery: Delivery, status: MessageStatus, sending: Sending, reason?: string): Outcome {
  const { prefix, turn, message, item } = delivery
  const effects = [
    ...doneEffects(prefix, turn.lane, sending.sent),
    ...statusEffects(prefix, turn.lane, message, status, reason),
  ]
  const parts = splitText(item.text).length
  return { verdict: { do: 'commit', effects }, outcome: status, parts, ...(reason !== undefined && { reason }) }
}

function record(delivery: Delivery, state: Progress, sending: Sending): Promise<void> {
  return delivery.turn.record(recordEffects(delivery, state, sending))
}

function recordEffects({ prefix, turn }: Delivery, state: Progress, { unknown, sent }: Sending): Effect[] {
  return progressEffects(prefix, turn.lane, { ...state, ...(unknown.length > 0 && { unknown }) }, sent)
}
