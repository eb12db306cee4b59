#!lua flags=allow-oom
-- edit: sets a subject's revision, unless the ledger counts one of its budgets under another definition.
-- KEYS     m, s:<subject>
-- ARGV     incarnation, term, revision, then pairs: e.<budget>, definition
-- returns  done | redefined <index from 0>... | fenced <term> | cold | format | hello
local term = call('HGET', KEYS[1], 'term') or '0'
if term ~= ARGV[2] then return { 'fenced', tonumber(term) } end
local redefined = { 'redefined' }
for i = 4, #ARGV, 2 do
  local stored = call('HGET', KEYS[2], ARGV[i])
  if stored and string.match(stored, '^%d+:%d*:(.+):%d+$') ~= ARGV[i + 1] then
    redefined[#redefined + 1] = (i - 4) / 2
  end
end
if #redefined > 1 then return redefined end
call('HSET', KEYS[2], 'v', ARGV[3])
keep_time(false)
return { 'done' }
