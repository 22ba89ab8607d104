import type { LaneRedis } from '@chatlane/lanes'
import { z } from 'zod'

/**
 * Times are by Redis' clock, ms. A hold is a hash: `reason`, `begun`, `until`, and `by`, the recipient whose message was refused
 * first, for as long as no other one's was (the sender is suspected then, and nobody waits). Who waits is a sorted set of
 * conversations, by how often their own messages were refused.
 */
const NOW = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function text(number) return string.format('%.0f', number) end
`

/**
 * KEYS: pace, who waits, the holds that count for the message. ARGV: ms that the message takes, ms for the one that goes ahead, ms
 * after a pause within which those come back that wait, ms to wait for them, conversation.
 * Returns { state, wait, reason, since, until, how many wait }.
 */
const PASS = `${NOW}
local expired, suspected
for i = 3, #KEYS do
  local held = redis.call('HMGET', KEYS[i], 'until', 'begun', 'reason', 'by')
  local till = tonumber(held[1])
  if held[4] then suspected = held
  elseif till and till > now then
    redis.call('ZADD', KEYS[2], 'NX', 0, ARGV[5])
    redis.call('PEXPIRE', KEYS[2], redis.call('PTTL', KEYS[i]))
    return { 'held', text(till - now), held[3], held[2], held[1], redis.call('ZCARD', KEYS[2]) }
  elseif till then
    local own = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[5]) or 0)
    if own > 0 and now < till + ARGV[3] and redis.call('ZCOUNT', KEYS[2], '-inf', '(' .. text(own)) > 0 then
      return { 'held', ARGV[4], held[3], held[2], held[1], redis.call('ZCARD', KEYS[2]) }
    end
    expired = i
  end
end
local wait, cost = 0, tonumber(ARGV[1])
if cost > 0 then
  local free = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
  wait = free - now
  redis.call('SET', KEYS[1], string.format('%.3f', free + cost), 'PX', text(math.ceil(wait + cost)))
end
if wait > 0 then return { 'free', text(math.ceil(wait)), '', '0', '0', 0 } end
if expired then
  redis.call('HSET', KEYS[expired], 'until', text(now + ARGV[2]))
  return { 'probe', '0', redis.call('HGET', KEYS[expired], 'reason'), '0', '0', 0 }
end
return { suspected and 'probe' or 'free', '0', suspected and suspected[3] or '', '0', '0', 0 }
`

/**
 * KEYS: hold, who waits. ARGV: ms of the pause at most, at least, ms that it is remembered, reason, recipient, conversation that
 * waits or '', '1': a second recipient is waited for. A pause grows with its age, within its bounds.
 * Returns { state, since }.
 */
const HOLD = `${NOW}
local held = redis.call('HMGET', KEYS[1], 'begun', 'by')
local begun, by = tonumber(held[1]), held[2]
if ARGV[6] ~= '' then
  redis.call('ZINCRBY', KEYS[2], 1, ARGV[6])
  if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[2], ARGV[3]) end
end
if ARGV[7] == '1' and (not begun or by == ARGV[5]) then
  begun = begun or now
  redis.call('HSET', KEYS[1], 'reason', ARGV[4], 'begun', text(begun), 'until', text(now), 'by', ARGV[5])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return { 'suspected', text(begun) }
end
local state = 'goes_on'
if not begun or by then
  state, begun = 'begun', now
  redis.call('HDEL', KEYS[1], 'by')
end
if state == 'begun' or redis.call('PTTL', KEYS[1]) <= tonumber(ARGV[3]) then
  local pause = math.min(tonumber(ARGV[1]), math.max(tonumber(ARGV[2]), now - begun))
  redis.call('HSET', KEYS[1], 'reason', ARGV[4], 'begun', text(begun), 'until', text(now + pause))
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return { state, text(begun) }
`

const passed = z
  .tuple([
    z.enum(['held', 'free', 'probe']),
    z.coerce.number(),
    z.string(),
    z.coerce.number(),
    z.coerce.number(),
    z.number(),
  ])
  .transform(([state, waitMs, reason, since, until, waiting]) => ({ state, waitMs, reason, since, until, waiting }))

export interface GateKeys {
  pace: string
  waiting: string
  holds: readonly string[]
}

/** How long one that goes ahead may take; and how long those wait that were refused, for one that was not. */
export interface ProbeTimes {
  probeMs: number
  graceMs: number
  othersFirstMs: number
}

export async function passScript(
  redis: LaneRedis,
  { pace, waiting, holds }: GateKeys,
  costMs: number,
  { probeMs, graceMs, othersFirstMs }: ProbeTimes,
  conversation: string,
): Promise<z.infer<typeof passed>> {
  const keys = [pace, waiting, ...holds]
  return passed.parse(
    await redis.eval(PASS, keys.length, ...keys, costMs, probeMs, graceMs, othersFirstMs, conversation),
  )
}

const held = z
  .tuple([z.enum(['suspected', 'begun', 'goes_on']), z.coerce.number()])
  .transform(([state, since]) => ({ state, since }))

export interface HoldTimes {
  /** The shortest and longest pause, ms. */
  least: number
  most: number
  /** How long it is remembered, ms. */
  kept: number
}

export async function holdScript(
  redis: LaneRedis,
  keys: { hold: string; waiting: string },
  { least, most, kept }: HoldTimes,
  about: { reason: string; recipient: string; conversation: string; suspectFirst: boolean },
): Promise<z.infer<typeof held>> {
  const { reason, recipient, conversation, suspectFirst } = about
  const values = [most, least, kept, reason, recipient, conversation, suspectFirst ? '1' : '0']
  return held.parse(await redis.eval(HOLD, 2, keys.hold, keys.waiting, ...values))
}
