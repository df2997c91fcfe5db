#!/bin/sh
# Serves the program relay with a third-party relay: relay.sh NAME PORT UPSTREAM-PORT [MILLISECONDS]
# NAME is nginx, haproxy, socat, ncat or ssh; the time limit is that of connecting to the upstream.
# Half-closed connections are enabled, and idle timeouts are a day where they can be set.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
name=$1
port=$2
upstream=$3
deadline=${4:-10000}
seconds=$(((deadline + 999) / 1000))
stop=TERM
. "$here/server.sh"
case $name in
nginx)
  cat >"$work/nginx.conf" <<END
load_module ${NGINX_MODULES:-/usr/lib/nginx/modules}/ngx_stream_module.so;
daemon off;
pid $work/pid;
error_log stderr;
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
stream {
  server {
    listen 127.0.0.1:$port backlog=1024;
    proxy_pass 127.0.0.1:$upstream;
    proxy_half_close on;
    proxy_connect_timeout ${deadline}ms;
    proxy_timeout 1d;
  }
}
END
  serve "${NGINX:-nginx}" -p "$work" -e stderr -c "$work/nginx.conf"
  ;;
haproxy)
  cat >"$work/haproxy.cfg" <<END
global
  maxconn 2000
defaults
  mode tcp
  retries 0
  timeout connect ${deadline}ms
  timeout client 1d
  timeout server 1d
listen relay
  bind 127.0.0.1:$port backlog 1024
  server upstream 127.0.0.1:$upstream
END
  serve haproxy -db -f "$work/haproxy.cfg"
  ;;
socat)
  # Without -t it ends half a second after the first FIN.
  serve socat -t 86400 "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr,backlog=1024,nodelay" \
    "TCP:127.0.0.1:$upstream,connect-timeout=$seconds,nodelay"
  ;;
ncat)
  serve ncat --listen --keep-open --max-conns 2000 \
    --sh-exec "exec ncat --wait $seconds 127.0.0.1 $upstream" 127.0.0.1 "$port"
  ;;
ssh)
  ssh-keygen -q -t ed25519 -N '' -f "$work/key"
  cat >"$work/sshd_config" <<END
HostKey $work/key
AuthorizedKeysFile $work/key.pub
StrictModes no
UsePAM no
END
  # Both ends of the tunnel are on this machine; sshd has no port, but standard input and output. Debian starts it with
  # the folder /run/sshd, which it demands of root.
  serve ssh -F none -N -i "$work/key" -o BatchMode=yes -o LogLevel=ERROR -o ExitOnForwardFailure=yes \
    -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o ProxyCommand="$(command -v sshd) -i -f $work/sshd_config" \
    -L "127.0.0.1:$port:127.0.0.1:$upstream" "$(id -un)@relay"
  ;;
*)
  echo "relay.sh: there is no relay $name; known: nginx, haproxy, socat, ncat, ssh" >&2
  exit 2
  ;;
esac
