-- A run records what it did: its own writes, the head popped, items for other lanes, and what comes next, in one step.
-- Keys per entry: the effects' keys.
-- Args per entry: name, job and start of the run, id of the head to pop ('' = keep it), then: 'stay' | 'next' | 'yield' |
--                 'park' | 'spend', '1' to go on with another lane, the step's own id, items wanted behind the head,
--                 effects, count of adds and these.
--   stay  go on with the head   next  take the following items, release the lane when there are none
--   yield like next, but what is left waits until the job, put behind the others by the caller, starts again
--   park  the head waits for its next try     spend  the same, and that was a try
-- Returns per entry: { 'done' | 'released' | 'fenced' | 'failed', tries or error, item… }; { 'released', tries, lane, item }
-- when the job goes on with another lane; { 'done', tries, { result of each effect… } } of a 'stay', without the list when
-- it had arrived before.
-- Invariant: a run that is not the lane's newest changes nothing. A step that arrives twice (a client resends after a
-- reconnect) does its writes once: it finds another head, its own id in the lane's state, or itself fenced out.
local results = {}
while ai < #ARGV do
  local name, job, start, head, after, on, step, want = args(8)
  start = tonumber(start)
  local mail, pops = stem .. 'mail:' .. name, head ~= ''
  local lane
  if pops then lane = readAs(name, job, start) else lane = read(name) end
  local fenced = not lane or lane.job ~= job or lane.start ~= start
  local again = false
  -- The head and what is wanted of those behind it; at least one of these, which tells whether the lane gets empty.
  local last, items = want == '0' and '1' or want, {}
  if not fenced then
    if pops then
      items = redis.call('LRANGE', mail, '0', last)
      again = not items[1] or string.sub(items[1], 1, #head + 1) ~= head .. '\n'
    else
      again = lane.step == step
    end
  end
  local done, failed = apply(fenced or again)
  local skip = fenced or again or failed
  local adds, unnamed = additions(done, skip)
  failed = failed or unnamed
  if not failed then pushAll(adds) end
  if fenced then
    results[#results + 1] = { 'fenced', 0 }
  elseif failed then
    results[#results + 1] = { 'failed', failed }
  else
    local popped = pops and not again
    -- An item may have been added to this very lane.
    if #adds > 0 and pops then items = redis.call('LRANGE', mail, '0', last) end
    if popped then
      redis.call('LPOP', mail)
      table.remove(items, 1)
    end
    if (after == 'next' or after == 'yield') and #items == 0 then
      redis.call('HDEL', lanes, name)
      if on == '1' then
        results[#results + 1] = { 'released', lane.tries, adopt(job, start) }
      else
        results[#results + 1] = { 'released', lane.tries }
      end
    elseif after == 'yield' then
      lane = lane.since and lane or read(name)
      lane.tries, lane.doubt, lane.parked = 0, false, true
      write(name, lane)
      results[#results + 1] = { 'done', 0 }
    else
      if popped and (lane.tries > 0 or lane.doubt) then
        lane.tries, lane.doubt = 0, false
        write(name, lane)
      elseif not pops and not again then
        if after == 'spend' then lane.tries = lane.tries + 1 end
        lane.parked, lane.step = after ~= 'stay', step
        write(name, lane)
      end
      if after == 'stay' then
        results[#results + 1] = { 'done', lane.tries, not again and done or nil }
      else
        results[#results + 1] = { 'done', lane.tries, unpack(items, 1, math.min(tonumber(want), #items)) }
      end
    end
  end
end
return results
