-- How long things have waited; for the scripts that look at a whole lane set.

-- When a job began to wait for a worker, ms: when it was added, when its last start began (its worker died since), or when
-- its pause ended (`due`, set by commit.lua), whichever came last.
local function queuedAt(job)
  local fields = redis.call('HMGET', stem .. job, 'timestamp', 'processedOn', 'due')
  return math.max(tonumber(fields[1] or 0) or 0, tonumber(fields[2] or 0) or 0, tonumber(fields[3] or 0) or 0)
end

-- When the head of a lane came in, ms: known of items whose id is that of a stream's entry.
local function arrivedAt(name)
  local head = redis.call('LINDEX', stem .. 'mail:' .. name, '0')
  return head and tonumber(string.match(head, '^(%d+)%-%d+\n'))
end
