import { shardTag } from '@chatlane/lanes'
import type { RedisConfig } from '../config/config.ts'

/** Every command that Chatlane and BullMQ send, by itself or from a script: those with one key, which comes first. */
const WITH_KEY = `
get incr incrby exists del unlink expire pexpire pexpireat persist pttl type mget
hget hmget hgetall hvals hset hmset hsetnx hdel hexists hincrby hlen hscan
lpush rpush lpop rpop llen lrange lindex lset lrem lpos ltrim
sadd srem scard smembers sismember
zadd zrem zscore zcard zcount zrange zrangebylex zlexcount zrangebyscore zrevrange zrevrangebyscore zremrangebyscore
zremrangebyrank zpopmin
xadd xlen xrange xrevrange xtrim xdel`

/**
 * And the others, with arguments: K is a key, C a channel, behind | comes a subcommand. They have to be complete. Where Redis
 * 7.0 looks for a key that is not there, `redis.acl_check_cmd` reads beyond its arguments, and Redis crashes.
 */
const WITH_ARGUMENTS = `
info ping multi exec time unsubscribe wait,0,1 client|setname,x
set,K,1 getset,K,1 rename,K,K rpoplpush,K,K bzpopmin,K,1 xread,STREAMS,K,0 eval,0,1,K evalsha,0,1,K
publish,C,1 subscribe,C`

/** What is asked of every node of a cluster besides. */
const OF_CLUSTER = ' cluster|slots cluster|nodes cluster|myid'

const given = (clustered: boolean) =>
  [...words(WITH_KEY).map((name) => `${name},K`), ...words(WITH_ARGUMENTS + (clustered ? OF_CLUSTER : ''))].join(' ')

const asked = { single: given(false), cluster: given(true) }

/** A user who may do none of these has no right to the keys. */
const WRITES = ['+set', '+hset', '+rpush', '+zadd', '+xadd']

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}

/**
 * Asks Redis which of the rights its user lacks, and writes. Nothing is done with what is asked for: `redis.acl_check_cmd` looks
 * at the user only (Redis 7.0, Valkey).
 * Returns { the write's error or '', then what is lacking: '+<command>', '?<command>' for one that Redis does not know, '~' the
 * keys without a hash tag, '&' the channels without one }.
 */
const PROBE = `
local lacking = {}
local function lack(mark) lacking[#lacking + 1] = mark end
if redis.acl_check_cmd then
  for entry in string.gmatch(ARGV[1], '%S+') do
    local name = string.match(entry, '^[^,]+')
    local command = {}
    for word in string.gmatch(entry, '[^,|]+') do
      command[#command + 1] = word == 'K' and KEYS[1] or word == 'C' and ARGV[2] or word
    end
    local known, may = pcall(redis.acl_check_cmd, unpack(command))
    if not known then lack('?' .. name) elseif not may then lack('+' .. name) end
  end
  if not redis.acl_check_cmd('SET', ARGV[3], '1') then lack('~') end
  if not redis.acl_check_cmd('SUBSCRIBE', ARGV[3]) then lack('&') end
end
local written = redis.pcall('SET', KEYS[1], '1', 'PX', '60000')
return { type(written) == 'table' and written.err or '', unpack(lacking) }`

interface Evaluates {
  eval(script: string, keys: number, ...args: string[]): Promise<unknown>
}

/** Whose rights: the user that the URL names, and the prefix of the keys and channels. */
export type Access = Pick<RedisConfig, 'url' | 'prefix'>

/** What a probe found: what the user may not do, in words for whoever runs Redis, and why a write was refused. */
export interface Probed {
  lacks?: string
  refused?: string
}

/**
 * Looks whether the user may do all that is needed, and writes a key of the shard.
 * @throws what ioredis throws, also when the user may not run EVAL
 */
export async function probe(redis: Evaluates, access: Access, shard: number, clustered: boolean): Promise<Probed> {
  const { prefix } = access
  const tag = shardTag(prefix, shard)
  const names = clustered ? asked.cluster : asked.single
  const answer = await redis.eval(PROBE, 1, `${tag}:probe`, names, `${tag}:probe`, `${prefix}:probe`)
  const [refused = '', ...lacking] = Array.isArray(answer) ? answer.map(String) : []
  const lacks = lackingWords(lacking, access)
  return { ...(lacks !== undefined && { lacks }), ...(refused && { refused }) }
}

function lackingWords(lacking: readonly string[], { url, prefix }: Access): string | undefined {
  const has = (mark: string) => lacking.includes(mark)
  const keys = has('~') || WRITES.every(has)
  const channels = has('&') || (has('+publish') && has('+subscribe'))
  // What is refused because of its key or channel would be refused whatever the command.
  const because = new Set([
    ...(keys
      ? words(asked.single)
          .filter((entry) => entry.includes(',K'))
          .map((entry) => entry.replace(/,.*/, ''))
      : []),
    ...(channels && !has('+unsubscribe') ? ['publish', 'subscribe'] : []),
  ])
  const commands = lacking.filter((mark) => mark.startsWith('+') && !because.has(mark.slice(1)))
  const rights = [...commands, ...(keys ? ['~*'] : []), ...(channels ? ['&*'] : [])].join(' ')
  const unknown = lacking.filter((mark) => mark.startsWith('?')).map((mark) => mark.slice(1).toUpperCase())
  const user = decodeURIComponent(URL.parse(url)?.username || 'default')
  const least = [...(keys ? ['~'] : []), ...(channels ? ['&'] : [])].map(
    (mark) => `${mark}${prefix}:* ${mark}{${prefix}:*`,
  )
  const found = [
    ...(rights ? [`expected the Redis user ${user} to have ${rights}: ACL SETUSER ${user} ${rights}`] : []),
    ...(least.length > 0 ? [`of keys and channels ${least.join(' ')} is enough`] : []),
    ...(rights ? ['docs/redis.md#the-user shows all rights'] : []),
    ...(unknown.length > 0 ? [`expected Redis to know the commands ${unknown.join(' ')}`] : []),
  ]
  return found.length > 0 ? found.join('; ') : undefined
}

/** The same for what was refused in use, from the error; undefined for another error. */
export function lackingOf(error: unknown, access: Access): string | undefined {
  if (!(error instanceof Error) || !/\bNOPERM\b|user executing the script can't/.test(error.message)) return undefined
  const command = /'([a-z|]+)' command/i.exec(error.message)?.[1] ?? /may not run (\S+)/.exec(error.message)?.[1]
  if (command !== undefined) return lackingWords([`+${command.toLowerCase()}`], access)
  if (/\bkeys?\b/.test(error.message)) return lackingWords(['~'], access)
  if (/channel/.test(error.message)) return lackingWords(['&'], access)
  return `expected the Redis user to have more rights: ${error.message}`
}
