#!/bin/sh
# Prints parts of the pages that the daemon in image $1 serves, and what it answers to a client.
set -eu
. tests/e2e/behaviour.sh
start "$1"
eventually curl --silent --fail --output /dev/null http://127.0.0.1:9091/transmission/web/
curl --silent http://127.0.0.1:9091/transmission/web/ | grep '<title>'
curl --silent http://127.0.0.1:9091/transmission/web/javascript/main.js | head -c 40 | wc -c
curl --silent http://127.0.0.1:9091/transmission/rpc | grep --only-matching 'X-Transmission-Session-Id' | head -n 1
