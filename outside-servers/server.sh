# Sourced by the scripts beside it: makes the folder $work, and runs a server. $stop is the signal that stops the
# server gracefully; SIGTERM and Ctrl-C cause it.
PATH=$PATH:/usr/sbin # Most users lack it there.

exists() {
  [ -n "$1" ] && [ -e "/proc/$1" ]
}

# A script that SIGKILL ends leaves its folder to the next one. The name of the folder has the script's pid, and a
# file in it the server's.
for old in "${TMPDIR:-/tmp}"/outside-server.*; do
  script=${old##*/outside-server.}
  exists "${script%%.*}" || exists "$(cat "$old/server" 2>/dev/null)" || rm -rf "$old" || true
done
work=$(mktemp -d "${TMPDIR:-/tmp}/outside-server.$$.XXXXXX")
trap 'rm -rf "$work"' EXIT
stopping=
# As long as there is no server, kill fails.
trap 'stopping=yes; kill -s "$stop" ${!-} 2>/dev/null || exit 143' TERM INT

# Runs a command until it ends.
serve() {
  "$@" &
  echo $! >"$work/server"
  if [ -z "$stopping" ]; then
    wait $! && status=0 || status=$? # The trap interrupts it.
  fi
  if [ -n "$stopping" ]; then
    tries=100
    while kill -0 $! 2>/dev/null; do
      sleep 0.1
      tries=$((tries - 1))
      [ $tries != 0 ] || kill $! # A server that has just started may have missed $stop.
    done
    wait $! && status=0 || status=$?
  fi
  return "$status"
}
