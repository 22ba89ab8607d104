-- Stores items in mailboxes, each at most once.
-- Keys per entry: the effects' keys.
-- Args per entry: name, id ('' = what the first effect returns), data, id for a job, the sender's id, its mark is kept for
--                 (ms, 0 = no dedupe), print (kept with the mark), most items that may wait (0 = no limit), effects.
-- Returns per entry: { 'added' | 'duplicate' | 'full' | 'failed', id or error, 1 when the job has to be added, print }.
-- Invariant: the seen-mark is set in the step that stores the item, never before.
local results = {}
while ai < #ARGV do
  local name, id, data, job, theirs, ttl, print, most = args(8)
  local deduped = ttl ~= '0'
  most = tonumber(most)
  -- The length keeps apart a lane `a` with the id `b:c` and a lane `a:b` with the id `c`.
  local seen = deduped and stem .. 'seen:' .. #name .. ':' .. name .. ':' .. theirs
  local mark = deduped and redis.call('GET', seen)
  if mark then
    apply(true)
    local cut = string.find(mark, '\n', 1, true)
    -- A repeat wakes the lane too: the first sender may have died between this script and the adding of the job.
    local lane = read(name)
    local gone = lane and redis.call('EXISTS', jobs .. lane.job) == 0
    if gone then wake(name, job, lane.tries, lane.doubt) end
    results[#results + 1] = { 'duplicate', string.sub(mark, 1, cut - 1), gone and 1 or 0, string.sub(mark, cut + 1) }
  elseif most > 0 and redis.call('LLEN', stem .. 'mail:' .. name) >= most then
    apply(true)
    results[#results + 1] = { 'full', '', 0, '' }
  else
    local done, failed = apply()
    if not failed then id, failed = named(id, 1, done) end
    if failed then
      results[#results + 1] = { 'failed', failed, 0, '' }
    else
      local idle = push(stem, name, id .. '\n' .. data, job)
      if deduped then redis.call('SET', seen, id .. '\n' .. print, 'PX', ttl) end
      results[#results + 1] = { 'added', id, idle and 1 or 0, print }
    end
  end
end
return results
