-- A job starts (or starts again) to run its lane.
-- Args per entry: name, job, which start of the job this is (1, 2, …), items wanted behind the head.
-- Returns per entry: { 'run', tries, 1 when in doubt, 1 when it took over from a run that died, item… }
--                  | { 'stale' }: another job, or a later start of this one, has the lane, or nothing waits.
-- Invariant: after this step the commits of every earlier run of the lane are refused, and an earlier start that arrives
-- late gets nothing. A first start needs no new fence: the wake that named the job fenced out what was before it.
return each(function()
  local name, job, start, want = args(4)
  start = tonumber(start)
  local lane = readAs(name, job, start)
  if not lane or lane.job ~= job or start < lane.start then return { 'stale' } end
  local took = 0
  if start > lane.start then
    -- Not parked: the last run died with the head in its hands. That is a try spent.
    if not lane.parked then
      lane.tries, lane.doubt, took = lane.tries + 1, true, 1
      note(name, 'the worker died or lost its lease, or Redis refused the commit')
    end
    lane.start, lane.parked = start, false
    write(name, lane)
  end
  local items = redis.call('LRANGE', stem .. 'mail:' .. name, '0', want)
  return { 'run', lane.tries, lane.doubt and 1 or 0, took, unpack(items) }
end)
