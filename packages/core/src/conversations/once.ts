import type { Effect, LaneRedis } from '@chatlane/lanes'

/** KEYS: mark, those of the writes. ARGV: print, how long it is remembered (ms), of each write its arguments' count and these. */
const ONCE = `
local mark = redis.call('GET', KEYS[1])
if mark then return { 'duplicate', mark } end
local at, id = 3, nil
for i = 2, #KEYS do
  local count = tonumber(ARGV[at])
  local result = redis.call(ARGV[at + 1], KEYS[i], unpack(ARGV, at + 2, at + 1 + count))
  id = id or result
  at = at + 2 + count
end
redis.call('SET', KEYS[1], id .. '\\n' .. ARGV[1], 'PX', ARGV[2])
return { 'done', id }
`

/** What marks that something was done: the id that came of it, and a text that tells it from something else. */
export interface Mark {
  id: string
  print: string
}

/**
 * Does writes, and marks in the same step that they were done; with the mark there, does nothing. All keys have to be in one
 * hash slot.
 * @param effects the first one's result, text, is the id
 */
export async function writeOnce(
  redis: LaneRedis,
  mark: { key: string; print: string; forMs: number },
  effects: readonly Effect[],
): Promise<{ status: 'done' | 'duplicate' } & Mark> {
  const keys = [mark.key, ...effects.map(([, key]) => key)]
  const args = effects.flatMap(([command, , ...rest]) => [rest.length, command, ...rest])
  const answer: unknown = await redis.eval(ONCE, keys.length, ...keys, mark.print, mark.forMs, ...args)
  const [status, text] = Array.isArray(answer) ? answer.map(String) : []
  if (text === undefined) throw new TypeError('Redis answered a script with something that is not a list')
  return status === 'done' ? { status, id: text, print: mark.print } : { status: 'duplicate', ...parseMark(text) }
}

/** The mark under a key; undefined: not done, as far as is remembered. */
export async function readMark(redis: LaneRedis, key: string): Promise<Mark | undefined> {
  const text = await redis.get(key)
  return text === null ? undefined : parseMark(text)
}

function parseMark(text: string): Mark {
  const cut = text.indexOf('\n')
  return { id: text.slice(0, cut), print: text.slice(cut + 1) }
}
