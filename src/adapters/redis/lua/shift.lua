-- shift: moves the bases that a late charge or a credit must move; a part of settle and sweep.
-- A charge lands in the windows of its admission: the bases of windows that began later rise with the total.
-- A credit lowers the spend of those windows only: the bases of windows that had begun rise, the total stays.
local function shift(add, key, class, admitted, by, later)
  local prefix = 'b.' .. class .. '.'
  local pattern = class == 'u' and '%.(%d+)$' or '^%d+$'
  for _, field in ipairs(call('HKEYS', key)) do
    local start = string.sub(field, 1, #prefix) == prefix and string.match(field, pattern, #prefix + 1)
    if start and (start * 1000 > admitted + 0) == later then add(key, field, by) end
  end
end
