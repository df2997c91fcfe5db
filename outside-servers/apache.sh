#!/bin/sh
# Serves the routes of the program http with Apache: apache.sh PORT FOLDER [MILLISECONDS]
# SIGTERM stops it gracefully; Apache itself does so at SIGWINCH.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$(cd "$2" && pwd)
deadline=${3:-10000}
stop=WINCH
. "$here/server.sh"
mkdir "$work/www"
: >"$work/www/sink"
sed -e "s|@port@|$1|g" -e "s|@folder@|$folder|g" -e "s|@deadline@|$deadline|g" -e "s|@work@|$work|g" \
  -e "s|@seconds@|$(((deadline + 999) / 1000))|g" -e "s|@here@|$here|g" \
  -e "s|@modules@|${APACHE_MODULES:-/usr/lib/apache2/modules}|g" "$here/apache.conf" >"$work/apache.conf"
set -- "${APACHE:-apache2}" -d "$work" -f "$work/apache.conf" -D FOREGROUND
# Apache does not serve as root, and the folder may be readable for root alone.
if [ "$(id -u)" = 0 ]; then
  chown -R www-data "$work"
  set -- setpriv --reuid www-data --regid www-data --clear-groups \
    --inh-caps +dac_read_search --ambient-caps +dac_read_search "$@"
fi
serve "$@"
