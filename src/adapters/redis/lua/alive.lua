-- alive: a proxy's new deadline; a part of reserve and beat.
-- live tells when a sweep must look at a proxy: at its deadline, or when its oldest hold may have become too old.
local function renew(live, proxy)
  local deadline = digits(now + DEADLINE_MS)
  local look = call('HGET', proxy, 'look') or digits(now + MAX_CALL_MS)
  call('ZADD', live, look - deadline < 0 and look or deadline, string.match(proxy, ':p:(.+)$'))
  return deadline, look
end
