-- A job starts (or starts again) to run its lane.
-- Args per entry: name, job, again (the new run's id when this job was started before, else ''), items wanted.
-- Returns per entry: { 'run', run, tries, crashed, item… } | { 'stale' }: another job has this lane, or nothing waits.
-- Invariant: after this step the commits of every earlier run of the lane are refused. A first start needs no new fence:
-- the wake that named the job fenced out what was before it.
local results = {}
while ai < #ARGV do
  local name, job, again, want = arg(), arg(), arg(), tonumber(arg())
  local has, run, tries, parked, since = read(name)
  if has ~= job then
    results[#results + 1] = { 'stale' }
  else
    local crashed = 0
    if again ~= '' then
      run = again
      -- Not parked: the last run died with the head in its hands. That is a try spent.
      if not parked then tries, crashed = tries + 1, 1 end
      write(name, job, run, tries, 0, since)
    end
    results[#results + 1] = { 'run', run, tries, crashed, unpack(redis.call('LRANGE', stem .. 'mail:' .. name, 0, want - 1)) }
  end
end
return results
