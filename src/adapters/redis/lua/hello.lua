#!lua flags=allow-oom
-- hello: the first words on a connection. A server that was not seen before begins a new incarnation of the data.
-- KEYS     m
-- ARGV     run id of the server, a fresh incarnation
-- returns  hello <incarnation> | cold | format <stored>
local call = redis.call
local m = call('HMGET', KEYS[1], 'fmt', 'cold', 'run', 'inc', 'q', 't')
if not m[1] then return { 'cold' } end
if m[1] ~= FORMAT then return { 'format', m[1] } end
if m[2] then return { 'cold' } end
if m[3] == ARGV[1] then return { 'hello', m[4] } end
now = math.max(now, tonumber(m[6]) or 0)
local pause = string.format('%.0f', now + DEADLINE_MS)
call('HSET', KEYS[1], 'hist.' .. m[4], m[5], 'run', ARGV[1], 'inc', ARGV[2], 'q', '0', 'pause', pause)
return { 'hello', ARGV[2] }
