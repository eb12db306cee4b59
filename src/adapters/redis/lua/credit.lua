-- credit: what a correction lowers; a part of settle. Puts the changes into `moves`, each {key, field, by}.
-- A credit lowers the spend of the windows of the admission only: the bases of windows that had begun rise, the total
-- stays. What was booked before a window's last reset, that reset took away: its amount is corrected instead, or the
-- window's spend would fall twice.
local function credit_windows(moves, key, class, admitted, credit, resets)
  for field, start in bases(key, class) do
    if start * 1000 <= admitted + 0 then
      local suffix = string.sub(field, 2)
      local reset = call('HMGET', key, 'z' .. suffix, 'zn' .. suffix)
      local is_taken = (reset[2] or 0) - resets > 0 and (reset[1] or 0) - credit >= 0
      moves[#moves + 1] = is_taken and { key, 'z' .. suffix, '-' .. credit } or { key, field, credit }
    end
  end
end
