import type { LaneRedis } from '@chatlane/lanes'
import { z } from 'zod'
import { identitiesOf } from '../identity/identity.ts'
import { digestOf } from './digest.ts'

const reasons = ['person', 'carrier', 'operator'] as const

/** Who said that someone wants no more messages: the person (STOP), the carrier (Twilio's 21610), or one of ours. */
export type OptOutBy = (typeof reasons)[number]

/** A person, and who is not to write to them. */
export interface Pair {
  /** The Messaging Service, or else our address: all senders of a service are one to the person. */
  sender: string
  participant: string
}

/** A pair between which nothing is sent, from us to the person. */
export interface OptOut extends Pair {
  /** Undefined when what is stored cannot be read: the opt-out holds all the same. */
  by: OptOutBy | undefined
  /** When it was last said, ms; undefined when that cannot be read. */
  at: number | undefined
}

/** The pair between which something goes. */
export function pairOf({
  to,
  from,
  service,
}: {
  to: string
  from?: string | undefined
  service?: string | undefined
}): Pair {
  return { sender: service ?? from ?? '', participant: to }
}

/** What a person's message says about what may be sent to them; kept with the message until it holds. */
export const optOutChange = z.object({ to: z.enum(['out', 'in']), sender: z.string(), participant: z.string() })
export type OptOutChange = z.infer<typeof optOutChange>

/** For so long it is remembered that someone opted in again: as long as the senders' ids of messages are. */
const LIFTED_MS = 24 * 3_600_000

/** Opt-outs read at a time. */
const PAGE = 200

/**
 * Whom not to write to any more: the one truth for a whole deployment. An opt-out is kept until it is lifted.
 *
 * Each change has its place in time, the ledger entry of the message that asked for it. So one that is made again, or late,
 * never undoes a later one, and what was queued before someone opted in again stays unsent.
 */
export class OptOuts {
  readonly #redis: LaneRedis
  /** Hash: pairs that are opted out, with "<stamp> <by>". */
  readonly #key: string

  constructor(redis: LaneRedis, prefix: string) {
    this.#redis = redis
    // The tag keeps it in one hash slot with the keys that remember lifted ones.
    this.#key = `{${prefix}:optouts}`
  }

  /** A key beside the opt-outs, for {@link Replicas}. */
  get replicatedKey(): string {
    return `${this.#key}:replicated`
  }

  /** Whether the pair is opted out now. */
  async has(pair: Pair): Promise<boolean> {
    const fields = fieldsOf(pair)
    if (fields.length === 1) return (await this.#redis.hexists(this.#key, fields[0])) === 1
    const stored = await this.#redis.hmget(this.#key, ...fields)
    return stored.some((one) => one !== null)
  }

  /**
   * Whether a message must not go on between the two: they are opted out, or have opted in again since it was queued.
   * @param message its entry in the ledger
   */
  async blocks(pair: Pair, message: string): Promise<boolean> {
    const fields = fieldsOf(pair)
    const [out, lifted] = await Promise.all([
      this.#redis.hmget(this.#key, ...fields),
      this.#redis.mget(fields.map((field) => this.#liftedKey(field))),
    ])
    if (out.some((one) => one !== null)) return true
    return lifted.some((one) => one !== null && Number(one) > stampOf(message))
  }

  /**
   * Whether the pair's opt-out was lifted after a message, as far as is remembered: for 24 hours.
   * @param message its entry in the ledger
   */
  async isLiftedSince(pair: Pair, message: string): Promise<boolean> {
    const lifted = await this.#redis.mget(fieldsOf(pair).map((field) => this.#liftedKey(field)))
    return lifted.some((one) => one !== null && Number(one) > stampOf(message))
  }

  /**
   * Opts a pair out.
   * @param asOf the ledger entry of the message that shows it: the person's STOP, or ours that the carrier refused; without
   *   it, now
   * @returns false when it was opted out already, or the person has opted in again since
   */
  add(pair: Pair, by: OptOutBy, asOf?: string): Promise<boolean> {
    return this.#change(ADD, pair, asOf, by)
  }

  /**
   * Lifts an opt-out.
   * @param asOf the ledger entry of the person's START; without it, now
   * @returns false when there was none, or a later one than `asOf` stands
   */
  remove(pair: Pair, asOf?: string): Promise<boolean> {
    return this.#change(REMOVE, pair, asOf, LIFTED_MS)
  }

  /**
   * Does what a person's message asks for.
   * @param asOf its entry in the ledger; without it, now
   */
  async apply({ to, ...pair }: OptOutChange, asOf?: string): Promise<void> {
    if (to === 'out') await this.add(pair, 'person', asOf)
    else await this.remove(pair, asOf)
  }

  /** The opt-out of a pair; undefined when there is none. */
  async get(pair: Pair): Promise<OptOut | undefined> {
    const fields = fieldsOf(pair)
    const stored = await this.#redis.hmget(this.#key, ...fields)
    const found = fields.flatMap((field, i) => (stored[i] ? [parseOptOut(field, stored[i])] : []))
    return found.sort((one, other) => (other.at ?? 0) - (one.at ?? 0))[0]
  }

  count(): Promise<number> {
    return this.#redis.hlen(this.#key)
  }

  /**
   * A page of them, in no order; `next` is there when there may be more. What comes or goes between two pages may be missed
   * or be on both.
   */
  async list({ limit, cursor }: { limit: number; cursor?: string }): Promise<{ optOuts: OptOut[]; next?: string }> {
    const optOuts: OptOut[] = []
    let [place, skip] = parseCursor(cursor)
    for (;;) {
      const [after, found] = await this.#redis.hscan(this.#key, place, 'COUNT', PAGE)
      for (; skip < found.length; skip += 2) {
        if (optOuts.length === limit) return { optOuts, next: `${place}.${skip}` }
        optOuts.push(parseOptOut(found[skip] ?? '', found[skip + 1] ?? ''))
      }
      if (after === '0') return { optOuts }
      place = after
      skip = 0
    }
  }

  async #change(script: string, pair: Pair, asOf: string | undefined, more: string | number): Promise<boolean> {
    const fields = fieldsOf(pair)
    const keys = [this.#key, ...fields.map((field) => this.#liftedKey(field))]
    const stamp = asOf === undefined ? '' : stampOf(asOf)
    const done = await this.#redis.eval(STAMP + script, keys.length, ...keys, stamp, more, ...fields)
    return done === 1
  }

  #liftedKey(field: string): string {
    return `${this.#key}:lifted:${digestOf(field)}`
  }
}

/** An opt-out as the API and the command line show it. */
export function optOutView({ participant, sender, by, at }: OptOut) {
  return { participant, sender, by: by ?? null, at: at === undefined ? null : new Date(at).toISOString() }
}

/** True for a text that {@link OptOuts.list} gave as `next`. */
export function isOptOutCursor(text: string): boolean {
  return CURSOR.test(text)
}

const CURSOR = /^(\d{1,20})\.(\d{1,9})$/

function parseCursor(cursor: string | undefined): [place: string, skip: number] {
  const [, place = '0', skip = '0'] = CURSOR.exec(cursor ?? '') ?? []
  return [place, Number(skip)]
}

/** How far a stored time may be ahead of Redis' clock, which may have been another server's: an hour. */
const AHEAD_MICROS = 3_600 * 1_000_000

/**
 * KEYS: opted out, lifted of this pair and of its older names. ARGV: stamp ('' = now), by whom, or how long a lifted one is
 * remembered, the pair and its older names.
 */
const STAMP = `
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local stamp = tonumber(ARGV[1]) or now
local since, lifted
for i = 3, #ARGV do
  local held = redis.call('HGET', KEYS[1], ARGV[i])
  local at = held and (tonumber(string.match(held, '^%d+')) or 0)
  -- A time that has not come is nonsense, and must not outlast every START.
  if at and at > now + ${AHEAD_MICROS} then at = 0 end
  if at then since = math.max(since or at, at) end
  local up = tonumber(redis.call('GET', KEYS[i - 1]) or '')
  if up then lifted = math.max(lifted or up, up) end
end
local function forget(first) for i = first, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end end
`

const ADD = `
if lifted and lifted >= stamp then return 0 end
if since and since >= stamp then return 0 end
forget(4)
redis.call('HSET', KEYS[1], ARGV[3], string.format('%.0f', stamp) .. ' ' .. ARGV[2])
return since and 0 or 1
`

const REMOVE = `
if not since or (ARGV[1] ~= '' and since > stamp) then return 0 end
forget(3)
redis.call('SET', KEYS[2], string.format('%.0f', stamp), 'PX', ARGV[2])
return 1
`

/** The place in time of a ledger's entry, in the unit of Redis' clock: microseconds. */
function stampOf(entry: string): number {
  const [ms = 0, sequence = 0] = entry.split('-').map(Number)
  return ms * 1_000 + Math.min(sequence, 999)
}

/** The field of a pair, and those under which earlier versions stored it: one for each spelling of the two addresses. */
function fieldsOf({ sender, participant }: Pair): [string, ...string[]] {
  const [senders, participants] = [identitiesOf(sender), identitiesOf(participant)]
  if (senders.length === 1 && participants.length === 1) return [`${senders[0]}\n${participants[0]}`]
  const [first, ...others] = senders.flatMap((one) => participants.map((other) => `${one}\n${other}`))
  return [first ?? '', ...others]
}

const by = z.enum(reasons)

function parseOptOut(field: string, value: string): OptOut {
  const [sender = '', participant = ''] = field.split('\n')
  const [stamp = '', said] = value.split(' ')
  const at = /^\d{1,17}$/.test(stamp) ? Math.floor(Number(stamp) / 1_000) : undefined
  return { sender, participant, by: by.safeParse(said).data, at }
}
