-- Shared by every script. A call carries a batch of entries for one shard; each takes its keys and arguments in order.
--
-- A lane set has, per shard,
--   lanes         hash  one field per lane that has mail: "<job> <start> <tries> <flags> <since> <step>", and what a newer
--                       build may have appended, which is kept
--                         job     the id of the BullMQ job that may run the lane, given by whoever woke it
--                         start   which start of that job may: with the job's id, the fence
--                         tries   tries the head has spent
--                         flags   1: parked, the head waits for its next try by its own will (so a restart is no crash)
--                                 2: in doubt, a run died with the head in its hands; kept until the head is popped
--                         since   when the lane was woken, ms
--                         step    the last step that kept the head; if it arrives again it is known by this
--   mail:<lane>   list  the items that wait, head first, each "<id>\n<data>"
--   seen:<length of the lane's name>:<lane>:<sender's id>   "<id>\n<print>" of an item that was stored
--   tried:<lane>  list  the head's tries that failed, "<ms> <detail>" each; there from the first of them until the head is popped
-- A lane has its field and its list while it has mail, and neither otherwise. The sweeper repairs a lane of which someone
-- took the field, the job or the job's place in the queue (sweep.lua, audit.lua).
--
-- KEYS[1] is lanes; the other names are made from its stem (ARGV[1]), those of BullMQ's queue and jobs too, and share its hash
-- tag. KEYS[2] is a key that never exists: while a cluster moves the slot, some keys are here and some there, and Redis refuses
-- a script (TRYAGAIN) one of whose keys is not there. Of the names made here it knows nothing; without KEYS[2] a script would
-- begin beside half of its keys. The effects' keys follow.
local lanes, stem = KEYS[1], ARGV[1]
local ki, ai = 2, 1
local function key() ki = ki + 1 return KEYS[ki] end
local function arg() ai = ai + 1 return ARGV[ai] end
local function args(n) ai = ai + n return unpack(ARGV, ai - n + 1, ai) end

local time
local function now()
  if not time then
    local clock = redis.call('TIME')
    time = string.format('%d', clock[1] * 1000 + math.floor(clock[2] / 1000))
  end
  return time
end

-- A command that Redis refuses to its user in the middle of a step leaves the step half done. So each is asked for before the first
-- write: those of all scripts here, those of the effects before these, once per call and name.
local permitted = {}
local function refusal(name, ...)
  if permitted[name] == nil then permitted[name] = redis.acl_check_cmd(name, ...) end
  if not permitted[name] then return 'NOPERM the Redis user may not run ' .. name end
end

do
  local key = KEYS[1]
  local refused = refusal('RPUSH', key, '') or refusal('LPUSH', key, '') or refusal('LPOP', key) or refusal('RPOP', key)
    or refusal('HSET', key, '', '') or refusal('HDEL', key, '') or refusal('ZADD', key, '0', '') or refusal('INCR', key)
    or refusal('SET', key, '') or refusal('DEL', key) or refusal('LTRIM', key, '0', '0') or refusal('EXPIRE', key, '0')
  if refused then return redis.error_reply(refused) end
end

-- Calls the function once per entry, with the entry's keys and arguments next in line, and returns its results. An entry
-- that meets data of the wrong type or shape ends as { 'broken', error } and harms no other entry of the batch; what Redis
-- refuses to everybody (out of memory, read only, …) ends the whole call.
local function each(call)
  local results = {}
  while ai < #ARGV do
    local nargs, nkeys = args(2)
    local nextArg, nextKey = ai + nargs, ki + nkeys
    local ok, result = pcall(call)
    if not ok then
      local text = type(result) == 'table' and result.err or tostring(result)
      if type(result) == 'table' and not string.find(text, '^WRONGTYPE') then error(result) end
      result = { 'broken', text }
    end
    results[#results + 1] = result
    ai, ki = nextArg, nextKey
  end
  return results
end

-- The caller's own writes, in the same step. Returns their results, and the error of the one that failed, if any.
local function apply()
  local commands, results = {}, {}
  for i = 1, tonumber(arg()) do
    local extra = tonumber(arg())
    local command = { arg(), key() }
    for j = 1, extra do command[j + 2] = arg() end
    local refused = refusal(unpack(command))
    if refused then return results, refused end
    commands[i] = command
  end
  for i, command in ipairs(commands) do
    local result = redis.pcall(unpack(command))
    if type(result) == 'table' and result.err then return results, result.err end
    results[i] = result
  end
  return results
end

-- An item's id: as given, or '' and the number of the effect (from 1) whose result it is. Nil and an error without one.
local function named(id, effect, results)
  if id ~= '' then return id end
  id = results[tonumber(effect)]
  if type(id) == 'string' or type(id) == 'number' then return id end
  return nil, 'effect ' .. effect .. ' returned no id'
end

-- Items for other lanes of the shard, each as: stem of its lane set, name, id ('' = what the effect of the next number
-- returned), effect, data. Returns them for pushAll, and the error of one without an id.
local function additions(results)
  local found = {}
  for i = 1, tonumber(arg()) do
    local base, name, id, effect, data = args(5)
    local failed
    id, failed = named(id, effect, results)
    if failed then return {}, failed end
    found[i] = { base, name, id .. '\n' .. data }
  end
  return found
end

-- The state of a lane; nil for a lane without mail. A state that is none has no job, so that no run may touch the lane.
local function parse(text)
  if not text then return end
  local job, start, tries, flags, since, step, more = string.match(text, '^(%S+) (%d+) (%d+) (%d) (%d+) (%S+)(.*)$')
  if not job then return { unreadable = true } end
  return {
    job = job, start = tonumber(start), tries = tonumber(tries), parked = flags == '1' or flags == '3', doubt = flags > '1',
    since = since, step = step, more = more,
  }
end

local function read(name, base) return parse(redis.call('HGET', base and base .. 'lanes' or lanes, name)) end

-- The same, but the usual lane (run by that start of that job, nothing spent on its head) is known by the beginning of
-- its state: taking it apart costs more than a Redis command. It comes without since and step.
local function readAs(name, job, start)
  local text = redis.call('HGET', lanes, name)
  local usual = job .. ' ' .. start .. ' 0 0 '
  if text and string.sub(text, 1, #usual) == usual then return { job = job, start = start, tries = 0 } end
  return parse(text)
end

local function write(name, lane)
  local flags = (lane.parked and 1 or 0) + (lane.doubt and 2 or 0)
  local state = table.concat({ lane.job, lane.start, lane.tries, flags, lane.since, lane.step }, ' ')
  redis.call('HSET', lanes, name, state .. (lane.more or ''))
end

-- Notes a try of the head that failed; tries that a run lived to see the end of are noted by its own effects (src/tried.ts).
local function note(name, detail)
  local tried = stem .. 'tried:' .. name
  redis.call('RPUSH', tried, now() .. ' ' .. detail)
  redis.call('LTRIM', tried, '-20', '-1')
  redis.call('EXPIRE', tried, '2592000')
end

-- Adds a job to the BullMQ queue of a lane set, in this very step, and returns its id. With the item, its first start needs
-- no look into the mailbox: nothing can have happened to the lane in between. This is BullMQ's addStandardJob for a job
-- without delay, priority, parent and dedupe, less the events `added` and `waiting`: scripts cannot call each other.
local function addJob(base, name, item)
  local id = redis.call('INCR', base .. 'id')
  local data = cjson.encode({ lane = name, item = item })
  redis.call('HSET', base .. id, 'name', 'turn', 'data', data, 'opts', '{"attempts":0}', 'timestamp', now(),
    'delay', '0', 'priority', '0')
  redis.call('LPUSH', base .. 'wait', id)
  redis.call('ZADD', base .. 'marker', '0', '0')
  return id
end

local paused

-- Gives a job whose lane was released the lane that waits longest: that lane's own job, which was never started, goes, and
-- this one, in progress, takes its place. Returns the lane and its head. It saves BullMQ's finishing of one job and fetching
-- of the next, most of what a short item costs.
local function adopt(job, start)
  if paused == nil then paused = redis.call('HEXISTS', stem .. 'meta', 'paused') == 1 end
  local other = not paused and redis.call('RPOP', stem .. 'wait')
  if not other then return end
  local found = redis.call('HMGET', stem .. other, 'data', 'ats')
  local data = found[1] and not found[2] and cjson.decode(found[1])
  if not data or not data.item then
    -- Started before, or added without its head: it has to begin in its own right.
    redis.call('RPUSH', stem .. 'wait', other)
    return
  end
  redis.call('DEL', stem .. other)
  redis.call('HSET', stem .. job, 'data', found[1])
  redis.call('HSET', lanes, data.lane, job .. ' ' .. start .. ' 0 0 ' .. now() .. ' -')
  return data.lane, data.item
end

-- Gives the lane a new job, the only one that may run it; whatever ran under another is fenced out by that.
local function wake(name, tries, doubt)
  local job = addJob(stem, name)
  write(name, { job = job, start = 1, tries = tries, doubt = doubt, since = now(), step = '-' })
end

-- Appends to a mailbox of any lane set of this shard; an idle lane gets a job, and so does one whose state was lost: whether
-- a run has its head in its hands is not known then.
local function push(base, name, item)
  if redis.call('RPUSH', base .. 'mail:' .. name, item) == 1 then
    redis.call('HSET', base .. 'lanes', name, addJob(base, name, item) .. ' 1 0 0 ' .. now() .. ' -')
  elseif redis.call('HEXISTS', base .. 'lanes', name) == 0 then
    redis.call('HSET', base .. 'lanes', name, addJob(base, name) .. ' 1 0 2 ' .. now() .. ' -')
  end
end

local function pushAll(adds)
  for _, add in ipairs(adds) do push(unpack(add)) end
end
