#!/usr/bin/env bash
# Prints the answers of the server in image $1, whether it can write its data, and who it runs as.
set -euo pipefail
container=$(podman run --pull=never --detach --network=host "$1")
trap 'podman logs "$container" >&2; podman rm --force --time 1 "$container" >/dev/null' EXIT

# The server needs a moment to listen; the count bounds the wait.
for _ in {1..100}; do
    { exec 3<>/dev/tcp/127.0.0.1/6379; } 2>/dev/null && break
    sleep 0.1
done

printf 'PING\r\nSET cargo "thrown overboard"\r\nGET cargo\r\nSAVE\r\nQUIT\r\n' >&3
tr -d '\r' <&3

podman top "$container" user comm | tail -n 1 | tr -s ' '
