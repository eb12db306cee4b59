#!lua
-- reserve: admits one call under every budget of every subject at once and holds its amount, or has no effect.
-- KEYS     m, p:<proxy>, live, then one s:<subject> per group
-- ARGV     incarnation, seq, record, hold, platform revision, from, until, long (0 | 1), then per group:
--          revision, class, n, n base fields, n tops, and when long n pairs: e.<budget>, start:end:definition
--          top = the largest spent + held that admits; an inactive revision (!...) is sent empty and never matches
-- returns  admitted <now> then per group "T h base...", as they were before the hold (-: no base, nothing is spent)
--          again <now> the same, the hold being among the held already
--          refused <now> then per violated budget {group, budget (both from 0), T, base, h}
--          moved <now> | window <now> group budget start end | stale <now> group (-1: platform) | conflict | unattended
--          cold | mint (a window is new: send the long form) | redefined group budget | format | hello
local seq, record, hold = ARGV[2], ARGV[3], ARGV[4]
local known = call('HMGET', KEYS[2], seq, 'low', 'dl')

-- An id that was admitted before gives the same answer again; one that is resolved never opens.
local again = known[1]
if again and again ~= record then
  local id, held, lost = open_hold(again)
  local sent, _, least = open_hold(record)
  if id ~= sent or held - hold < 0 or lost - least < 0 then return { 'conflict' } end
elseif not again then
  if seq - (known[2] or 0) <= 0 then return { 'conflict' } end
  if m[5] ~= ARGV[5] then return { 'stale', now, -1 } end
  if now >= (m[6] or 0) + 0 then return { 'unattended' } end
  if now < ARGV[6] + 0 or now >= ARGV[7] + 0 then return { 'moved', now } end
end

local long, at = ARGV[8] == '1', 9
local reply, refused, answer, openings = { 'admitted', now }, nil, nil, nil
local class, total_field, held_field
for i = 4, #KEYS do
  local key, n = KEYS[i], ARGV[at + 2] + 0
  if ARGV[at + 1] ~= class then
    class = ARGV[at + 1]
    total_field, held_field = 'T.' .. class, 'h.' .. class
  end
  local got = call('HMGET', key, 'v', total_field, held_field, unpack(ARGV, at + 3, at + 2 + n))
  if not again then
    if not got[1] then return { 'cold' } end
    if got[1] ~= ARGV[at] then return { 'stale', now, i - 4 } end
  end
  local total, held = got[2] or '0', got[3] or '0'
  local used = total + held
  for k = 4, 3 + n do
    local base = got[k]
    if not base then
      base, got[k] = total, '-'
      if long and not again then
        openings = openings or {}
        answer = answer or open_window(openings, key, i - 4, k - 4, at, total)
      else
        answer = answer or { 'mint' }
      end
    end
    if used - base > ARGV[at + n + k - 1] + 0 then
      refused = refused or { 'refused', now }
      refused[#refused + 1] = { i - 4, k - 4, total, base, held }
    end
  end
  got[2], got[3] = total, held
  reply[i - 1] = table.concat(got, ' ', 2)
  at = at + 3 + (long and 4 or 2) * n
end
if again then
  reply[1] = 'again'
  return reply
end
if answer or refused then return answer or refused end

-- Nothing was written so far. A look at a proxy without a hold is harmless, so the key that was not read goes first.
local deadline, look
if (known[3] or 0) - now <= 0 then deadline, look = renew(KEYS[3], KEYS[2]) end
if hold ~= '0' then
  add_all(function(add)
    at = 9
    for i = 4, #KEYS do
      add(KEYS[i], 'h.' .. ARGV[at + 1], hold)
      at = at + 3 + (long and 4 or 2) * ARGV[at + 2]
    end
  end)
end
call('HSET', KEYS[2], seq, record)
if deadline then call('HSET', KEYS[2], 'dl', deadline, 'look', look) end
-- Once a window is open no script may think that it has not begun, whatever the clock does.
keep_time(openings ~= nil)
for _, new in ipairs(openings or {}) do
  call('HSET', unpack(new.set))
  if #new.drop > 1 then call('HDEL', unpack(new.drop)) end
end
return reply
