-- shift: moves the bases that a late charge must move; a part of settle and sweep.
-- The bases of one counter, whichever budgets they are of: an iterator over field and start.
local function bases(key, class)
  local prefix = 'b.' .. class .. '.'
  local pattern = class == 'u' and '%.(%d+)$' or '^%d+$'
  local fields, i = call('HKEYS', key), 0
  return function()
    while i < #fields do
      i = i + 1
      local field = fields[i]
      local start = string.sub(field, 1, #prefix) == prefix and string.match(field, pattern, #prefix + 1)
      if start then return field, start end
    end
  end
end

-- A charge lands in the windows of its admission: the bases of windows that began later rise with the total.
local function shift(add, key, class, admitted, by)
  for field, start in bases(key, class) do
    if start * 1000 > admitted + 0 then add(key, field, by) end
  end
end
