-- Looks at mailboxes that were found by their keys and wakes those of which no lane is known: nothing else would ever look
-- into them.
-- Args per entry: name.
-- Returns per entry: { 1 } when it was woken, { 0 } when all is well or nothing waits.
return each(function()
  local name = arg()
  if redis.call('EXISTS', stem .. 'mail:' .. name) == 0 or redis.call('HEXISTS', lanes, name) == 1 then return { 0 } end
  wake(name, 0, true)
  return { 1 }
end)
