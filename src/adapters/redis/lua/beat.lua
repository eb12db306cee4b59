#!lua flags=allow-oom
-- beat: renews a proxy's deadline, raises holds whose running cost grew, names the ids that are not open any more.
-- KEYS     m, p:<proxy>, live, then every s:<subject> that a raise touches
-- ARGV     incarnation, number of open seqs, the seqs, then per raise:
--          seq, amount, number of charges, and per charge: index of its key in KEYS, class
-- returns  beat <now> <unknown seq>... | cold | format | hello
local open, unknown = ARGV[2] + 0, {}
if open > 0 then
  for i, text in ipairs(call('HMGET', KEYS[2], unpack(ARGV, 3, 2 + open))) do
    if not text or string.sub(text, 1, 1) ~= 'o' then unknown[#unknown + 1] = ARGV[2 + i] + 0 end
  end
end

local raises, at = {}, 3 + open
while at <= #ARGV do
  local seq, most, charges = ARGV[at], ARGV[at + 1], ARGV[at + 2] + 0
  local id, held, lost = open_hold(call('HGET', KEYS[2], seq) or '')
  if id then
    local more = digits(math.max(0, most - held))
    local record = id .. '|' .. (more ~= '0' and most or held) .. '|' .. (most - lost > 0 and most or lost)
    raises[#raises + 1] = { seq = seq, record = record, more = more, charges = charges, at = at + 3 }
  end
  at = at + 3 + 2 * charges
end

local deadline, look = renew(KEYS[3], KEYS[2])
add_all(function(add)
  for _, raise in ipairs(raises) do
    for c = raise.at, raise.at + 2 * raise.charges - 1, 2 do
      if raise.more ~= '0' then add(KEYS[ARGV[c] + 0], 'h.' .. ARGV[c + 1], raise.more) end
    end
  end
end)
for _, raise in ipairs(raises) do call('HSET', KEYS[2], raise.seq, raise.record) end
call('HSET', KEYS[2], 'dl', deadline, 'look', look)
keep_time(false)
return { 'beat', now, unpack(unknown) }
