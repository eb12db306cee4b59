#!lua flags=allow-oom
-- accept-loss: begins anew on a ledger whose data is gone; the acceptance stays on record as field loss.<ms> of m.
-- KEYS     m
-- ARGV     run id of the server, a fresh incarnation
-- returns  accepted | intact (there is no loss) | format <stored>
local call = redis.call
local m = call('HMGET', KEYS[1], 'fmt', 'cold')
if m[1] and m[1] ~= FORMAT then return { 'format', m[1] } end
if m[1] and not m[2] then return { 'intact' } end
local time = string.format('%.0f', now)
call('HDEL', KEYS[1], 'cold')
call('HSET', KEYS[1], 'fmt', FORMAT, 'run', ARGV[1], 'inc', ARGV[2], 'q', '0', 't', time, 'loss.' .. time, 'accepted')
return { 'accepted' }
