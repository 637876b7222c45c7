#!/bin/sh
# Writes down when it was started and what it found.
while :; do
    date +%Y | tr -d '[:digit:]' >/tmp/watched
    find /srv/app -name '*.html' | xargs -r basename -a | sort | tee -a /tmp/watched >/dev/null
    sleep "$1"
done
