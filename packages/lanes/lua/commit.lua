-- A run records what it did: its own writes, the head popped, items for other lanes, and what comes next, in one step.
-- Keys per entry: the effects' keys.
-- Args per entry: name, run, id of the head to pop ('' = keep it), then: 'stay' | 'next' | 'yield' | 'park' | 'spend',
--                 id for a job, items wanted, effects, count of adds and for each: stem of its lane set, name, id ('' =
--                 what the effect of the next number returned), effect, data, id for a job.
--   stay  go on with the head   next  take the following items, release the lane when there are none
--   yield like next, but what is left goes to a new job behind the others
--   park  the head waits for its next try     spend  the same, and that was a try
-- Returns per entry: { 'done' | 'released' | 'fenced' | 'failed', tries or error, 1 when the job has to be added,
--                      { the same for each add }, item… }.
-- Invariant: a run that is not the lane's newest changes nothing. A commit that arrives twice (a client resends after a
-- reconnect) finds another head and does its writes once.
local results = {}
while ai < #ARGV do
  local name, run, head, after, job, want = arg(), arg(), arg(), arg(), arg(), tonumber(arg())
  local mail = stem .. 'mail:' .. name
  local has, current, tries, _, since = read(name)
  local fenced, again = current ~= run, false
  if head ~= '' and not fenced then
    local first = redis.call('LINDEX', mail, 0)
    again = not first or string.sub(first, 1, #head + 1) ~= head .. '\n'
  end
  local done, failed = apply(fenced or again)
  local skip = fenced or again or failed
  local woken = {}
  for i = 1, tonumber(arg()) do
    local base, other, id, effect, data, its = arg(), arg(), arg(), arg(), arg(), arg()
    woken[i] = not skip and push(base, other, named(id, effect, done) .. '\n' .. data, its) and 1 or 0
  end
  if fenced then
    results[#results + 1] = { 'fenced', 0, 0, woken }
  elseif failed then
    results[#results + 1] = { 'failed', failed, 0, woken }
  else
    local popped = head ~= '' and not again
    if popped then redis.call('LPOP', mail) end
    local items = want > 0 and redis.call('LRANGE', mail, 0, want - 1) or {}
    local leaves = after == 'next' or after == 'yield'
    if leaves and #items == 0 and (want > 0 or redis.call('EXISTS', mail) == 0) then
      redis.call('HDEL', lanes, name)
      results[#results + 1] = { 'released', tries, 0, woken }
    elseif after == 'yield' then
      wake(name, job, 0)
      results[#results + 1] = { 'done', 0, 1, woken }
    else
      if after == 'spend' then tries = tries + 1 end
      if after == 'spend' or after == 'park' then
        write(name, has, run, tries, 1, since)
      elseif popped and tries > 0 then
        write(name, has, run, 0, 0, since)
      end
      results[#results + 1] = { 'done', tries, 0, woken, unpack(items) }
    end
  end
end
return results
