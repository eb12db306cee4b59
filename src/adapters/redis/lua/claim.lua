#!lua flags=allow-oom
-- claim: makes the caller the one writer, under a term above every earlier one; initialises an empty ledger.
-- KEYS     m, live, usage
-- ARGV     known before (1: an empty ledger is a loss), term or '', cluster or '', run id of the server, a fresh incarnation
-- returns  claimed <term> <fresh 0 | 1> <incarnation> | fenced <term> | foreign <cluster> | cold | format <stored>
local call = redis.call
local m = call('HMGET', KEYS[1], 'fmt', 'cold', 'inc', 'term', 'cluster')
if m[1] and m[1] ~= FORMAT then return { 'format', m[1] } end
if m[2] then return { 'cold' } end
local stored, wanted = tonumber(m[4]) or 0, tonumber(ARGV[2])
if ARGV[3] ~= '' and m[5] and m[5] ~= ARGV[3] then return { 'foreign', m[5] } end
if wanted and wanted <= stored then return { 'fenced', stored } end

local function claimed(fresh, incarnation)
  local term = wanted or stored + 1
  call('HSET', KEYS[1], 'term', string.format('%.0f', term))
  if ARGV[3] ~= '' then call('HSET', KEYS[1], 'cluster', ARGV[3]) end
  return { 'claimed', term, fresh, incarnation }
end

if m[1] then return claimed(0, m[3]) end
-- Traces of calls without the ledger's own hash are a loss as well, whatever the caller remembers.
local lost = ARGV[1] == '1' or call('EXISTS', KEYS[2], KEYS[3]) > 0
local time = string.format('%.0f', now)
call('HSET', KEYS[1], 'fmt', FORMAT, 'run', ARGV[4], 'inc', ARGV[5], 'q', '0', 't', time)
if lost then
  call('HSET', KEYS[1], 'cold', '1')
  return { 'cold' }
end
return claimed(1, ARGV[5])
