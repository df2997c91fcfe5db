#!/bin/sh
# GET /ticker?ms=M
millis=${QUERY_STRING#ms=}
millis=${millis:-1000}
pause=$((millis / 1000)).$(printf %03d $((millis % 1000)))
printf 'Content-Type: text/event-stream\n\n'
[ "$REQUEST_METHOD" = HEAD ] && exit
number=1
while printf 'data: %d\n\n' "$number"; do
  number=$((number + 1))
  sleep "$pause"
done
