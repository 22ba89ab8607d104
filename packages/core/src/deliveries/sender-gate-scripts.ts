import type { LaneRedis } from '@chatlane/lanes'
import { z } from 'zod'

/** Times are by Redis' clock, ms. A hold is "<until> <begun> <reason>". */
const NOW = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function text(number) return string.format('%.0f', number) end
local held = redis.call('GET', KEYS[1])
local till, begun, reason = string.match(held or '', '^(%d+) (%d+) (%S+)$')
`

/**
 * KEYS: hold, and when the sender is free again. ARGV: ms that the message takes, ms for the one that goes ahead.
 * Returns { state, wait, reason, ms since the pause began }.
 */
const PASS = `${NOW}
if till and tonumber(till) > now then return { 'held', text(till - now), reason, text(now - begun) } end
local wait, cost = 0, tonumber(ARGV[1])
if cost > 0 then
  local free = math.max(now, tonumber(redis.call('GET', KEYS[2]) or 0))
  wait = free - now
  redis.call('SET', KEYS[2], string.format('%.3f', free + cost), 'PX', text(math.ceil(wait + cost)))
end
if not till then return { 'free', text(math.ceil(wait)), '', '0' } end
if wait > 0 then return { 'free', text(math.ceil(wait)), reason, '0' } end
redis.call('SET', KEYS[1], text(now + ARGV[2]) .. ' ' .. begun .. ' ' .. reason, 'KEEPTTL')
return { 'probe', '0', reason, '0' }
`

/** KEYS: hold. ARGV: ms of the pause, ms that it is remembered, reason. Returns since when it pauses, ms; -1: since now. */
const HOLD = `${NOW}
if not held or redis.call('PTTL', KEYS[1]) <= tonumber(ARGV[2]) then
  redis.call('SET', KEYS[1], text(now + ARGV[1]) .. ' ' .. (begun or text(now)) .. ' ' .. ARGV[3], 'PX', ARGV[2])
end
return text(held and now - begun or -1)
`

const passed = z
  .tuple([z.enum(['held', 'free', 'probe']), z.coerce.number(), z.string(), z.coerce.number()])
  .transform(([state, waitMs, reason, forMs]) => ({ state, waitMs, reason, forMs }))

export async function passScript(
  redis: LaneRedis,
  keys: { hold: string; pace: string },
  costMs: number,
  probeMs: number,
): Promise<z.infer<typeof passed>> {
  return passed.parse(await redis.eval(PASS, 2, keys.hold, keys.pace, costMs, probeMs))
}

const since = z.coerce.number()

/** @returns for how long the sender has paused, ms; undefined: it did not until now */
export async function holdScript(
  redis: LaneRedis,
  key: string,
  holdMs: number,
  keptMs: number,
  reason: string,
): Promise<number | undefined> {
  const ms = since.parse(await redis.eval(HOLD, 1, key, holdMs, keptMs, reason))
  return ms < 0 ? undefined : ms
}
