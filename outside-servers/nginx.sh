#!/bin/sh
# Serves some routes of the program http with nginx: nginx.sh PORT FOLDER [MILLISECONDS]
# SIGTERM stops it gracefully; nginx itself does so at SIGQUIT.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$(cd "$2" && pwd)
# A script that is killed leaves its folder to the next one.
for old in "${TMPDIR:-/tmp}"/outside-server.*; do
  kill -0 "${old##*.}" 2>/dev/null || rm -rf "$old" || true
done
work=${TMPDIR:-/tmp}/outside-server.$$
mkdir "$work"
mkdir "$work/dav"
: >"$work/dav/sink"
sed -e "s|@port@|$1|g" -e "s|@folder@|$folder|g" -e "s|@deadline@|${3:-10000}|g" -e "s|@work@|$work|g" \
  "$here/nginx.conf" >"$work/nginx.conf"
"${NGINX:-nginx}" -p "$work" -e stderr -c "$work/nginx.conf" &
server=$!
trap 'kill -QUIT $server' TERM INT
# The trap interrupts wait.
while kill -0 $server 2>/dev/null; do
  wait $server && status=0 || status=$?
done
rm -rf "$work"
exit "$status"
