-- minus: the difference of two amounts of at most 18 digits, exactly, as text; '0' where it would be below zero.
-- Lua's numbers are exact to 15 digits only, so the upper and the lower nine are subtracted apart.
local function minus(a, b)
  local function halves(text)
    if not string.match(text, '^%d+$') or #text > 18 then error({ err = 'CORRUPT ' .. text .. ' is no amount' }) end
    return tonumber(string.sub(text, 1, -10)) or 0, tonumber(string.sub(text, -9))
  end
  local a_high, a_low = halves(a)
  local b_high, b_low = halves(b)
  local high, low = a_high - b_high, a_low - b_low
  if low < 0 then high, low = high - 1, low + 1e9 end
  if high < 0 then return '0' end
  return high > 0 and string.format('%d%09d', high, low) or string.format('%d', low)
end
