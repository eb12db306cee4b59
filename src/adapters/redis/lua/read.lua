#!lua flags=no-writes
-- read: all fields of subjects, at one instant.
-- KEYS     m, then one s:<subject> each
-- ARGV     incarnation
-- returns  read <now> then per subject its fields and values in turn | cold | format | hello
local reply = { 'read', now }
for i = 2, #KEYS do reply[i + 1] = call('HGETALL', KEYS[i]) end
return reply
