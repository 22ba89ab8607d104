-- Looks at a page of the lanes that have mail and wakes those whose job is gone.
-- Args: cursor, lanes to look at (about), woken at least so long ago (ms).
-- Returns { next cursor, name of each lane that was woken… }.
local cursor, count, ago = arg(), tonumber(arg()), tonumber(arg())
local page = redis.call('HSCAN', lanes, cursor, 'COUNT', count)
local results = { page[1] }
for i = 1, #page[2], 2 do
  local name = page[2][i]
  local lane = parse(page[2][i + 1])
  if tonumber(now()) - tonumber(lane.since) >= ago and redis.call('EXISTS', stem .. lane.job) == 0 then
    -- Whether the job was lost before its start or in the middle of the head is not known.
    wake(name, lane.tries, lane.doubt or not lane.parked)
    results[#results + 1] = name
  end
end
return results
