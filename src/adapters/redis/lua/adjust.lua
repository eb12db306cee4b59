#!lua flags=allow-oom
-- adjust: applies an adjustment to its budgets, once for ever by its uid, and records what was done.
-- KEYS     m, s:<subject>
-- ARGV     incarnation, term, uid, field of the record, Raise | Reset, created, amount, until ('' the window's end), then
--          per budget: name, class, base field without its start, e.<budget>, start, end ('' none), definition
-- returns  adjusted <record> | duplicate <record> | window_over | moved <now> | redefined <index from 0>
--          fenced <term> | cold (never compiled, too) | format | hello
local term = call('HGET', KEYS[1], 'term') or '0'
if term ~= ARGV[2] then return { 'fenced', tonumber(term) } end
local known = call('HMGET', KEYS[2], 'v', ARGV[4])
if not known[1] then return { 'cold' } end
if known[2] then return { 'duplicate', known[2] } end

local is_reset, created = ARGV[5] == 'Reset', math.min(ARGV[6] + 0, now)
local parts, raised = {}, {}
for at = 9, #ARGV, 7 do
  local name, class, prefix, entry, start, ending, definition = unpack(ARGV, at, at + 6)
  local function is_in_window(ms) return start * 1000 <= ms and (ending == '' or ms < ending * 1000) end
  local got = call('HMGET', KEYS[2], entry, 'T.' .. class)
  local stored, spent = got[1], '0'
  if stored then
    local start0, ending0, definition0 = string.match(stored, '^(%d+):(%d*):(.+):%d+$')
    if not start0 then error({ err = 'CORRUPT the hash ' .. KEYS[2] .. ' has no window in ' .. entry }) end
    if definition0 ~= definition then return { 'redefined', (at - 9) / 7 } end
    -- The ledger's own window, for as long as it lasts; after it nobody has used the present one yet.
    if start0 * 1000 <= now and (ending0 == '' or now < ending0 * 1000) then
      start, ending = start0, ending0
      local base = call('HGET', KEYS[2], prefix .. start)
      if not base then error({ err = 'CORRUPT the hash ' .. KEYS[2] .. ' has lost ' .. prefix .. start }) end
      spent = minus(got[2] or '0', base)
    end
  end
  if not is_in_window(now) then return { 'moved', now } end
  local amount, until_ms = ARGV[7], ARGV[8]
  if is_reset then
    amount, until_ms = spent, '-'
  elseif until_ms == '' then
    until_ms = ending == '' and '-' or ending .. '000'
  end
  if not is_reset or is_in_window(created) then
    parts[#parts + 1] = table.concat({ name, class, start, spent, amount, until_ms }, ',')
    if is_reset and amount ~= '0' then raised[#raised + 1] = { base = prefix .. start, by = amount } end
  end
end
if is_reset and #parts == 0 then return { 'window_over' } end

-- Nothing was written so far. A position or a number without its adjustment is harmless.
local count = call('HINCRBY', KEYS[1], 'q', 1)
local number = is_reset and call('HINCRBY', KEYS[1], 'resets', 1)
add_all(function(add)
  for _, one in ipairs(raised) do
    add(KEYS[2], one.base, one.by)
    add(KEYS[2], 'z' .. string.sub(one.base, 2), one.by)
  end
end)
-- The number tells a later correction whether what it corrects was spent before or after this reset.
for _, one in ipairs(raised) do call('HSET', KEYS[2], 'zn' .. string.sub(one.base, 2), digits(number)) end
local position = m[3] .. ':' .. digits(count)
local record = table.concat({ ARGV[3], ARGV[5], digits(now), position, table.concat(parts, ';') }, '|')
call('HSET', KEYS[2], ARGV[4], record)
keep_time(false)
return { 'adjusted', record }
