#!/bin/sh
# Prints what the backup of image $1 reports when cron starts it, which takes a minute at most.
set -eu
. tests/e2e/behaviour.sh
start "$1"
for _ in $(seq 75); do
    [ -z "$(podman logs "$container" 2>/dev/null)" ] || break
    sleep 1
done
podman logs "$container" | head -n 1
podman cp "$container:/tmp/backup.tar.xz" - | tar --extract --to-stdout | xz --decompress | tar --list
