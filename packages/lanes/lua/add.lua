-- Stores items in mailboxes, each at most once.
-- Keys per entry: the effects' keys.
-- Args per entry: name, id ('' = what the first effect returns), data, the sender's id, its mark is kept for (ms, 0 = no
--                 dedupe), print (kept with the mark), most items that may wait (0 = no limit), effects,
--                 count of adds and these.
-- Returns per entry: { 'added' | 'duplicate' | 'full' | 'failed', id or error, print of the first }.
-- Invariant: the item, its mark, the lane's job and the adds are stored in one step: none is there without the others.
return each(function()
  local name, id, data, theirs, ttl, print, most = args(7)
  local deduped = ttl ~= '0'
  most = tonumber(most)
  -- The length keeps apart a lane `a` with the id `b:c` and a lane `a:b` with the id `c`.
  local seen = deduped and stem .. 'seen:' .. #name .. ':' .. name .. ':' .. theirs
  local mark = deduped and redis.call('GET', seen)
  if mark then
    local cut = string.find(mark, '\n', 1, true)
    return { 'duplicate', string.sub(mark, 1, cut - 1), string.sub(mark, cut + 1) }
  end
  if most > 0 and redis.call('LLEN', stem .. 'mail:' .. name) >= most then return { 'full', '', '' } end
  local done, failed = apply()
  if failed then return { 'failed', failed, '' } end
  id, failed = named(id, 1, done)
  if failed then return { 'failed', failed, '' } end
  local adds
  adds, failed = additions(done)
  if failed then return { 'failed', failed, '' } end
  push(stem, name, id .. '\n' .. data)
  pushAll(adds)
  if deduped then redis.call('SET', seen, id .. '\n' .. print, 'PX', ttl) end
  return { 'added', id, print }
end)
