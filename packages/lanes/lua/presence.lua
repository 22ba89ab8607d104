-- A worker says that it is there, and whether it takes lanes.
-- Args: the worker's id, 'working' | 'paused' | 'gone', how long that counts without another word (ms).
-- Returns { }.
local id, state, keep = arg(), arg(), tonumber(arg())
for _, each in ipairs({ 'working', 'paused' }) do
  local set = stem .. 'workers:' .. each
  if each == state then
    redis.call('ZADD', set, now(), id)
    redis.call('PEXPIRE', set, keep)
  else
    redis.call('ZREM', set, id)
  end
  redis.call('ZREMRANGEBYSCORE', set, '-inf', string.format('%d', now() - keep))
end
return {}
