#!lua flags=allow-oom
-- renew-lease: proxies trust their records for another day of ledger time.
-- KEYS     m
-- ARGV     incarnation, term
-- returns  done | fenced <term> | cold | format | hello
local term = call('HGET', KEYS[1], 'term') or '0'
if term ~= ARGV[2] then return { 'fenced', tonumber(term) } end
call('HSET', KEYS[1], 'lease', digits(now + LEASE_MS))
keep_time(false)
return { 'done' }
