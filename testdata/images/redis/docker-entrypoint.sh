#!/bin/sh
# Makes the data directory and gives up root for the server, as entry points of official images do.
set -e

if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
    mkdir -p /data
    chown redis:redis /data
    exec gosu redis "$0" "$@"
fi

exec "$@"
