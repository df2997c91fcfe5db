#!/bin/sh
# Serves some routes of the program http with nginx: nginx.sh PORT FOLDER [MILLISECONDS]
# SIGTERM stops it gracefully; nginx itself does so at SIGQUIT.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$(cd "$2" && pwd)
stop=QUIT
. "$here/server.sh"
mkdir "$work/dav"
: >"$work/dav/sink"
sed -e "s|@port@|$1|g" -e "s|@folder@|$folder|g" -e "s|@deadline@|${3:-10000}|g" -e "s|@work@|$work|g" \
  "$here/nginx.conf" >"$work/nginx.conf"
serve "${NGINX:-nginx}" -p "$work" -e stderr -c "$work/nginx.conf"
