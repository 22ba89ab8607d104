-- A run records what it did: its own writes, the head popped, items for other lanes, and what comes next, in one step.
-- Keys per entry: the effects' keys.
-- Args per entry: name, job and start of the run, id of the head to pop ('' = keep it), then: 'stay' | 'next' | 'yield' |
--                 'park' | 'spend', '1' to go on with another lane, the step's own id, items wanted behind the head,
--                 pause before the head's next try (ms; counts for 'yield', 'park' and 'spend'), effects, count of adds and
--                 these.
--   stay  go on with the head   next  take the following items, release the lane when there are none
--   yield like next, but what is left waits until the job, put behind the others by the caller, starts again
--   park  the head waits for its next try     spend  the same, and that was a try
-- Returns per entry: { 'done' | 'released' | 'fenced' | 'failed', tries or error, item… }; { 'released', tries, lane, item }
-- when the job goes on with another lane; { 'done', tries, { result of each effect… } } of a 'stay', without the list when
-- it had arrived before.
-- Invariant: a run that is not the lane's newest changes nothing. A step that arrives twice (a client resends after a
-- reconnect) does its writes once: it finds another head, its own id in the lane's state, or itself fenced out.

-- From then on the job waits for a worker, see waiting.lua.
local function due(job, ms)
  if redis.call('EXISTS', stem .. job) == 1 then redis.call('HSET', stem .. job, 'due', string.format('%d', now() + ms)) end
end

return each(function()
  local name, job, start, head, after, on, step, want, pause = args(9)
  start = tonumber(start)
  local mail, pops = stem .. 'mail:' .. name, head ~= ''
  local lane
  if pops then lane = readAs(name, job, start) else lane = read(name) end
  if not lane or lane.job ~= job or lane.start ~= start then return { 'fenced', 0 } end
  local again
  -- The head and what is wanted of those behind it; at least one of these, which tells whether the lane gets empty.
  local last, items = want == '0' and '1' or want, {}
  if pops then
    items = redis.call('LRANGE', mail, '0', last)
    again = not items[1] or string.sub(items[1], 1, #head + 1) ~= head .. '\n'
  else
    again = lane.step == step
  end
  local done, adds, failed = {}, {}, nil
  if not again then
    done, failed = apply()
    if failed then return { 'failed', failed } end
    adds, failed = additions(done)
    if failed then return { 'failed', failed } end
    pushAll(adds)
  end
  local popped = pops and not again
  -- An item may have been added to this very lane.
  if #adds > 0 and pops then items = redis.call('LRANGE', mail, '0', last) end
  if popped then
    redis.call('LPOP', mail)
    table.remove(items, 1)
  end
  if (after == 'next' or after == 'yield') and #items == 0 then
    redis.call('HDEL', lanes, name)
    if on == '1' then return { 'released', lane.tries, adopt(job, start) } end
    return { 'released', lane.tries }
  end
  if after == 'yield' then
    lane = lane.since and lane or read(name)
    lane.tries, lane.doubt, lane.parked = 0, false, true
    write(name, lane)
    due(job, pause)
    return { 'done', 0 }
  end
  if popped and (lane.tries > 0 or lane.doubt) then
    lane.tries, lane.doubt = 0, false
    write(name, lane)
  elseif not pops and not again then
    if after == 'spend' then lane.tries = lane.tries + 1 end
    lane.parked, lane.step = after ~= 'stay', step
    write(name, lane)
    if lane.parked then due(job, pause) end
  end
  if after == 'stay' then return { 'done', lane.tries, not again and done or nil } end
  return { 'done', lane.tries, unpack(items, 1, math.min(tonumber(want), #items)) }
end)
