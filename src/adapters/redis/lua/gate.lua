-- gate: what every operation asks before its own work; the head of every script but hello and claim.
-- KEYS[1]  m          ARGV[1]  incarnation that the caller knows
-- returns  cold | format <stored> | hello (another incarnation: say hello, then repeat)
local call = redis.call
local m = call('HMGET', KEYS[1], 'fmt', 'cold', 'inc', 't', 'pv', 'lease')
if not m[1] then return { 'cold' } end
if m[1] ~= FORMAT then return { 'format', m[1] } end
if m[2] then return { 'cold' } end
if m[3] ~= ARGV[1] then return { 'hello' } end

-- Ledger time never goes back behind what is stored.
local stored_time = m[4] + 0
if stored_time > now then now = stored_time end

-- Numbers reach redis.call only through here: Lua would print 1e+15.
local function digits(number) return string.format('%.0f', number) end

-- Stores ledger time now and then; a leap means that nobody was here, or that a clock was set: sweeping rests.
local function keep_time(always)
  if now - stored_time > TIME_JUMP_MS then
    call('HSET', KEYS[1], 't', digits(now), 'pause', digits(now + DEADLINE_MS))
  elseif always or now - stored_time >= TIME_STEP_MS then
    call('HSET', KEYS[1], 't', digits(now))
  end
end

-- The identity of an open hold and its two amounts, as text; nothing for a marker.
local function open_hold(text)
  return string.match(text, '^(o[^|]*|[^|]*|[^|]*)|(%d+)|(%d+)$')
end
