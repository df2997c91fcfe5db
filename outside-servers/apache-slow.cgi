#!/bin/sh
# GET /slow/MS: PATH_INFO is /MS.
millis=${PATH_INFO#/}
sleep "$((millis / 1000)).$(printf %03d $((millis % 1000)))"
printf 'Content-Type: text/plain\n\nslow\n'
