#!lua flags=allow-oom
-- due: the proxies whose hashes a sweep must look at now.
-- KEYS     m, live
-- ARGV     incarnation, most
-- returns  due <now> <proxy>... | paused <until> | cold | format | hello
local due = call('ZRANGE', KEYS[2], '-inf', digits(now), 'BYSCORE', 'LIMIT', 0, ARGV[2])
keep_time(false)
local pause = tonumber(call('HGET', KEYS[1], 'pause') or 0)
if pause > now then return { 'paused', pause } end
return { 'due', now, unpack(due) }
