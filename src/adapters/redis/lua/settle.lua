#!lua flags=allow-oom
-- settle: replaces a hold by the actual cost, exactly once for ever; a release is a settle of 0.
-- KEYS     m, p:<proxy>, usage, then one s:<subject> per group
-- ARGV     incarnation, seq, record, hold, actual, low, usage entry ('' for none), then one class per group
-- returns  done <incarnation> <count> | duplicate | conflict <stored> | too_old | cold | format | hello
-- stored   open: release the stored hold, charge   =a: the same is a duplicate, another a conflict
--          ~c:n swept after n resets: the difference, up or down    - void: charge, nothing to release
--          nothing: charge in full, a release leaves a void; at or under low: long resolved, a duplicate
local seq, record, actual = ARGV[2], ARGV[3], ARGV[5]
local admitted, ending = string.match(record, '^o(%d+)|([^|]*)|')
if now - admitted > TOO_OLD_MS then return { 'too_old' } end

local known = call('HMGET', KEYS[2], seq, 'low')
local stored, low = known[1], (known[2] or 0) + 0
local release, charge, credit, marker, resets = '0', actual, '0', '=' .. actual, nil
if stored == record then
  release = ARGV[4]
elseif not stored then
  if seq - low <= 0 then return { 'duplicate' } end
  if actual == '0' then marker = '-' end
elseif stored == '-' then
  if actual == '0' then return { 'duplicate' } end
elseif stored == marker then
  return { 'duplicate' }
elseif string.sub(stored, 1, 1) == '~' then
  local booked
  booked, resets = string.match(stored, '^~(%d+):(%d+)$')
  if not booked then error({ err = 'CORRUPT the hash ' .. KEYS[2] .. ' has no hold in ' .. seq }) end
  local difference = actual - booked
  -- 0 comes first: of 0 and -0 the first is taken, and HINCRBY refuses "-0".
  charge, credit = digits(math.max(0, difference)), digits(math.max(0, -difference))
else
  local id, held = open_hold(stored)
  if not id or id ~= open_hold(record) then return { 'conflict', stored } end
  release = held
end

-- Confirmed ids are dropped in batches; an open hold stays whatever its proxy says.
local confirmed, dropped = math.min(ARGV[6] + 0, low + PRUNE_MOST), nil
if confirmed - low >= PRUNE_LEAST then
  local seqs = {}
  for n = low + 1, confirmed do seqs[n - low] = digits(n) end
  dropped = { KEYS[2] }
  for i, text in ipairs(call('HMGET', KEYS[2], unpack(seqs))) do
    if text and string.sub(text, 1, 1) ~= 'o' then dropped[#dropped + 1] = seqs[i] end
  end
end

-- Which fields a credit moves is read before one of them moves.
local credits = {}
if credit ~= '0' then
  for i = 4, #KEYS do credit_windows(credits, KEYS[i], ARGV[4 + i], admitted, credit, resets) end
end

-- Nothing was written so far. A position without an entry is harmless, so the keys that were not read go first.
local count = call('HINCRBY', KEYS[1], 'q', 1)
if ARGV[7] ~= '' then
  call('XADD', KEYS[3], 'MAXLEN', '~', '200000', '*', 'at', m[3] .. ':' .. digits(count), 'entry', ARGV[7])
end
local late = ending ~= '-' and now - ending >= 0
add_all(function(add)
  for i = 4, #KEYS do
    local key, class = KEYS[i], ARGV[4 + i]
    if release ~= '0' then add(key, 'h.' .. class, '-' .. release) end
    if charge ~= '0' then
      add(key, 'T.' .. class, charge)
      if late then shift(add, key, class, admitted, charge) end
    end
    if credit ~= '0' then add(key, 'cr.' .. class, credit) end
  end
  for _, move in ipairs(credits) do add(unpack(move)) end
end)
call('HSET', KEYS[2], seq, marker)
if dropped then
  call('HSET', KEYS[2], 'low', digits(confirmed))
  if #dropped > 1 then call('HDEL', unpack(dropped)) end
end
keep_time(false)
return { 'done', m[3], count }
