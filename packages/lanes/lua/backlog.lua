-- How much work lies in a lane set, and how long it has waited.
-- Args: lanes up to which the oldest head is looked for here and now; with more, the sweeper's last finding counts.
-- Returns { lanes with mail, jobs waiting for a worker, jobs in progress, jobs whose pause lasts, for how long the oldest job
-- that a worker could run has waited (ms), for how long the oldest head has (ms) }.
local most = tonumber(arg())
local at = tonumber(now())

local since = at
-- A job without a record cannot run.
local function waitsSince(ms) if ms > 0 then since = math.min(since, ms) end end
-- The whole queue, or every worker that is there, for reasons of its own.
local function nobodyMay()
  if redis.call('HEXISTS', stem .. 'meta', 'paused') == 1 then return true end
  local paused, working = redis.call('EXISTS', stem .. 'workers:paused'), redis.call('EXISTS', stem .. 'workers:working')
  return paused == 1 and working == 0
end
if not nobodyMay() then
  -- First in, first out; those whose pause ended come in at the end of the queue all together, whenever a worker asks.
  for _, place in ipairs({ '-1', '0' }) do
    local job = redis.call('LINDEX', stem .. 'wait', place)
    if job then waitsSince(queuedAt(job)) end
  end
  local first = redis.call('ZRANGE', stem .. 'delayed', '0', '0', 'WITHSCORES')
  -- BullMQ's score: the time in ms, times 4096, and a counter.
  if first[2] then waitsSince(math.floor(tonumber(first[2]) / 4096)) end
end

local withMail = redis.call('HLEN', lanes)
local oldest
if withMail <= most then
  for _, name in ipairs(redis.call('HKEYS', lanes)) do
    local arrived = arrivedAt(name)
    if arrived and (not oldest or arrived < oldest) then oldest = arrived end
  end
else
  oldest = tonumber(redis.call('GET', stem .. 'oldest') or nil)
end
return {
  withMail, redis.call('LLEN', stem .. 'wait'), redis.call('LLEN', stem .. 'active'), redis.call('ZCARD', stem .. 'delayed'),
  math.max(0, at - since), oldest and math.max(0, at - oldest) or 0,
}
