-- Routes of the program http for mod_lua. A handler returns a status, or apache2.OK when it has written a response.
require "apache2"

local PATTERN = {}
for i = 0, 250 do
  PATTERN[i + 1] = string.char(i)
end
PATTERN = table.concat(PATTERN):rep(64)

function hello(r)
  r.content_type = "text/plain"
  r:puts("hello\n")
  return apache2.OK
end

function bytes(r)
  local length = tonumber(r.uri:match("^/bytes/(%d+)$"))
  if not length then
    return 404
  end
  r.content_type = "application/octet-stream"
  if r.args ~= "chunked" then
    r.headers_out["Content-Length"] = string.format("%d", length)
  end
  if r.method == "HEAD" then
    return apache2.OK
  end
  for begin = 0, length - 1, #PATTERN do
    r:write(PATTERN:sub(1, length - begin))
  end
  return apache2.OK
end

function deny(r)
  return 403
end
