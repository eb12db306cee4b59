#!lua flags=allow-oom
-- claim: makes the caller the one writer, under a term above every earlier one; initialises an empty ledger.
-- KEYS     m, live, usage
-- ARGV     known before (1: an empty ledger is a loss), run id of the server, a fresh incarnation
-- returns  claimed <term> <fresh 0 | 1> <incarnation> | cold | format <stored>
local call = redis.call
local m = call('HMGET', KEYS[1], 'fmt', 'cold', 'inc')
if m[1] and m[1] ~= FORMAT then return { 'format', m[1] } end
if m[2] then return { 'cold' } end
if m[1] then return { 'claimed', call('HINCRBY', KEYS[1], 'term', 1), 0, m[3] } end
-- Traces of calls without the ledger's own hash are a loss as well, whatever the caller remembers.
local lost = ARGV[1] == '1' or call('EXISTS', KEYS[2], KEYS[3]) > 0
local time = string.format('%.0f', now)
call('HSET', KEYS[1], 'fmt', FORMAT, 'run', ARGV[2], 'inc', ARGV[3], 'q', '0', 't', time)
if lost then
  call('HSET', KEYS[1], 'cold', '1')
  return { 'cold' }
end
return { 'claimed', call('HINCRBY', KEYS[1], 'term', 1), 1, ARGV[3] }
