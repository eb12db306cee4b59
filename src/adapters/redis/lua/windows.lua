-- windows: the first call of a window; a part of reserve.
-- Reads what is needed to open the window and puts what to write into `openings`, or returns why it may not be opened:
-- it must contain ledger time and touch no window that the budget has, or two proxies that disagree on a zone's rules
-- would give the budget a second limit. The newest two bases stay.
local function open_window(openings, key, group, budget, at, total)
  local n = ARGV[at + 2] + 0
  local base, entry, proposed = ARGV[at + 3 + budget], ARGV[at + 3 + 2 * n + 2 * budget], ARGV[at + 4 + 2 * n + 2 * budget]
  local start, ending, definition = string.match(proposed, '^(%d+):(%d*):(.+)$')
  local first, last = start + 0, tonumber(ending) or math.huge
  if now < first * 1000 or now >= last * 1000 then return { 'moved', now } end

  local counted_from = digits(now)
  local stored = call('HGET', key, entry)
  if stored then
    local start0, ending0, definition0, from0 = string.match(stored, '^(%d+):(%d*):(.+):(%d+)$')
    if not start0 then error({ err = 'CORRUPT the hash ' .. key .. ' has no window in ' .. entry }) end
    if definition0 ~= definition then return { 'redefined', group, budget } end
    if start0 == start then error({ err = 'CORRUPT the hash ' .. key .. ' has lost ' .. base }) end
    if start0 + 0 < last and first < (tonumber(ending0) or math.huge) then
      return { 'window', now, group, budget, start0, ending0 }
    end
    counted_from = from0
  end

  local prefix, newest, drop = string.sub(base, 1, #base - #start), nil, { key }
  for _, field in ipairs(call('HKEYS', key)) do
    local age = string.sub(field, 1, #prefix) == prefix and string.match(field, '^%d+$', #prefix + 1)
    if age and newest and newest - age > 0 then
      drop[#drop + 1] = field
    elseif age then
      if newest then drop[#drop + 1] = prefix .. newest end
      newest = age
    end
  end
  -- With a base goes what resets raised it by.
  for i = 2, #drop do
    local suffix = string.sub(drop[i], 2)
    drop[#drop + 1] = 'z' .. suffix
    drop[#drop + 1] = 'zn' .. suffix
  end
  openings[#openings + 1] = { set = { key, base, total, entry, proposed .. ':' .. counted_from }, drop = drop }
end
