import type { LaneRedis } from '@chatlane/lanes'
import { z } from 'zod'
import { digestOf } from '../conversations/digest.ts'

/** A sender that pauses. Times in ms. */
export interface HeldSender {
  sender: string
  /** Its messages to this country only. */
  country?: string
  reason: string
  since: number
  until: number
  /** How many conversations have a message that waits for it. */
  waiting: number
}

/** What all keys of a sender begin with. */
function senderTag(prefix: string, sender: string): string {
  return `{${prefix}:sender:${digestOf(sender)}}`
}

export interface SenderKeys {
  hold: string
  waiting: string
  pace: string
}

export function senderKeys(prefix: string, sender: string, country?: string): SenderKeys {
  const tag = senderTag(prefix, sender)
  return {
    hold: country === undefined ? `${tag}:hold` : `${tag}:hold:${country}`,
    waiting: `${tag}:waiting`,
    pace: `${tag}:pace`,
  }
}

const noted = z.tuple([z.string(), z.string().nullable()])
const hold = z.tuple([z.string(), z.coerce.number(), z.coerce.number(), z.null()])

/** Remembers that a sender may pause, so that it is found by {@link listHeldSenders}. */
export async function noteHeldSender(
  redis: LaneRedis,
  prefix: string,
  sender: string,
  country: string | undefined,
): Promise<void> {
  await redis.sadd(indexKey(prefix), JSON.stringify([sender, country ?? null]))
}

/** The senders that pause now, those that have waited longest first; forgets those that do not. */
export async function listHeldSenders(redis: LaneRedis, prefix: string): Promise<HeldSender[]> {
  const members = await redis.smembers(indexKey(prefix))
  const found = await Promise.all(members.map((member) => heldSender(redis, prefix, member)))
  const over = members.filter((_, i) => found[i] === 'over')
  if (over.length > 0) await redis.srem(indexKey(prefix), ...over)
  return found.filter((one) => typeof one === 'object').toSorted((a, b) => a.since - b.since)
}

/** `suspected`: a refusal was about it, and its messages go on. */
async function heldSender(
  redis: LaneRedis,
  prefix: string,
  member: string,
): Promise<HeldSender | 'suspected' | 'over'> {
  const [sender, country] = noted.parse(JSON.parse(member))
  const keys = senderKeys(prefix, sender, country ?? undefined)
  const [values, waiting] = await Promise.all([
    redis.hmget(keys.hold, 'reason', 'begun', 'until', 'by'),
    redis.zcard(keys.waiting),
  ])
  if (values[0] === null) return 'over'
  const read = hold.safeParse(values).data
  if (!read) return 'suspected'
  const [reason, since, until] = read
  return { sender, ...(country !== null && { country }), reason, since, until, waiting }
}

const indexKey = (prefix: string) => `${prefix}:senders:held`
