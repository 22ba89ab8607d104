-- Looks at a page of the lanes that have mail and gives a new job to each whose job cannot run it any more.
-- Args: cursor, lanes to look at (about), woken at least so long ago (ms).
-- Returns { next cursor, when the head that waits longest came in (ms, '' = not known), { name of each lane that was woken… },
-- { name of each whose state was unreadable and is written anew… } }.
local cursor, count, ago = arg(), tonumber(arg()), tonumber(arg())

-- Jobs of one page that are searched for in BullMQ's lists, which takes as long as the lists are.
local searches = 20
-- A job behind others that began to wait so much later (ms) is not in the queue, which is first in, first out; what worker
-- clocks and the moment of a delayed job's promotion add to that is far less.
local OVERTAKEN_BY = 10000

local frontAt
local function frontOfQueue()
  if frontAt == nil then
    local front = redis.call('LINDEX', stem .. 'wait', '-1')
    frontAt = front and queuedAt(front) or false
  end
  return frontAt
end

-- Whether a worker runs the job, or will.
local function runnable(job)
  if redis.call('EXISTS', stem .. job) == 0 then return false end
  if redis.call('EXISTS', stem .. job .. ':lock') == 1 then return true end
  if redis.call('ZSCORE', stem .. 'delayed', job) then return true end
  local front = frontOfQueue()
  if front and queuedAt(job) + OVERTAKEN_BY >= front then return true end
  if searches == 0 then return true end
  searches = searches - 1
  return redis.call('LPOS', stem .. 'wait', job, 'RANK', '-1') or redis.call('LPOS', stem .. 'active', job)
end

local page = redis.call('HSCAN', lanes, cursor, 'COUNT', count)
local oldest, woken, unreadable = nil, {}, {}
for i = 1, #page[2], 2 do
  local name = page[2][i]
  local lane = parse(page[2][i + 1])
  if lane.unreadable then
    -- What its head has spent is lost with its state; a run may have had it in its hands.
    wake(name, 0, true)
    unreadable[#unreadable + 1] = name
  elseif tonumber(now()) - tonumber(lane.since) >= ago and not runnable(lane.job) then
    redis.call('DEL', stem .. lane.job)
    -- Whether the job was lost before its start or in the middle of the head is not known.
    wake(name, lane.tries, lane.doubt or not lane.parked)
    woken[#woken + 1] = name
  end
  local arrived = arrivedAt(name)
  if arrived and (not oldest or arrived < oldest) then oldest = arrived end
end
return { page[1], oldest and string.format('%d', oldest) or '', woken, unreadable }
