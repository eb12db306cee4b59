#!lua flags=allow-oom
-- edit-platform: sets the platform's revision.
-- KEYS     m
-- ARGV     incarnation, term, revision
-- returns  done | fenced <term> | cold | format | hello
local term = call('HGET', KEYS[1], 'term') or '0'
if term ~= ARGV[2] then return { 'fenced', tonumber(term) } end
call('HSET', KEYS[1], 'pv', ARGV[3])
keep_time(false)
return { 'done' }
