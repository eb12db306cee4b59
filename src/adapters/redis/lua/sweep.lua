#!lua flags=allow-oom
-- sweep: books expired holds of one proxy and says when to look at it again.
-- KEYS     m, p:<proxy>, live, then every s:<subject> that a hold touches
-- ARGV     incarnation, proxy, last (1: the proxy's hash was seen whole), admission of the oldest hold left open ('' none),
--          then per hold: seq, record, number of charges, and per charge: index of its key in KEYS, class
-- returns  swept <now> then per booked hold: seq, amount | paused <until> | cold | format | hello
local known = call('HMGET', KEYS[2], 'dl')
local deadline = (known[1] or 0) + 0
local pause = (call('HGET', KEYS[1], 'pause') or 0) + 0
if pause > now then return { 'paused', pause } end

local expired, at, skipped = {}, 5, false
while at <= #ARGV do
  local seq, record, charges = ARGV[at], ARGV[at + 1], ARGV[at + 2] + 0
  local admitted, ending = string.match(record, '^o(%d+)|([^|]*)|')
  -- A hold that was settled or raised since it was read, or whose proxy is back, is left alone.
  if call('HGET', KEYS[2], seq) ~= record or (deadline > now and admitted + MAX_CALL_MS > now) then
    skipped = true
  else
    local _, held, lost = open_hold(record)
    local late = ending ~= '-' and now - ending >= 0
    expired[#expired + 1] = {
      seq = seq, admitted = admitted, held = held, lost = lost, late = late, from = at + 3, to = at + 2 + 2 * charges,
    }
  end
  at = at + 3 + 2 * charges
end

add_all(function(add)
  for _, hold in ipairs(expired) do
    for c = hold.from, hold.to, 2 do
      local key, class = KEYS[ARGV[c] + 0], ARGV[c + 1]
      if hold.held ~= '0' then add(key, 'h.' .. class, '-' .. hold.held) end
      if hold.lost ~= '0' then
        add(key, 'T.' .. class, hold.lost)
        if hold.late then shift(add, key, class, hold.admitted, hold.lost) end
      end
    end
  end
end)
-- The number of resets tells a later correction which of them took away what is booked here.
local resets = call('HGET', KEYS[1], 'resets') or '0'
local reply = { 'swept', now }
for _, hold in ipairs(expired) do
  call('HSET', KEYS[2], hold.seq, '~' .. hold.lost .. ':' .. resets)
  reply[#reply + 1] = hold.seq
  reply[#reply + 1] = hold.lost
end
if #expired > 0 then call('HINCRBY', KEYS[1], 'q', 1) end

-- The next look: at the deadline or when the oldest hold left becomes too old; a silent proxy is forgotten in the end.
if ARGV[3] == '1' and not skipped then
  if deadline > now then
    local look = (ARGV[4] ~= '' and ARGV[4] or now) + MAX_CALL_MS
    call('HSET', KEYS[2], 'look', digits(look))
    call('ZADD', KEYS[3], digits(math.min(deadline, look)), ARGV[2])
  elseif ARGV[4] == '' and #expired == 0 and deadline + TOO_OLD_MS <= now then
    call('ZREM', KEYS[3], ARGV[2])
    call('DEL', KEYS[2])
  elseif ARGV[4] == '' then
    call('ZADD', KEYS[3], digits(deadline + TOO_OLD_MS), ARGV[2])
  end
end
keep_time(false)
return reply
