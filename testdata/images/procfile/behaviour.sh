#!/bin/sh
# Prints what the two processes that a Procfile names in image $1 do.
set -eu
. tests/e2e/behaviour.sh
start "$1"
eventually curl --silent --show-error --fail http://127.0.0.1:8000/
tallied() {
    podman cp "$container:/tmp/tally" - | tar --extract --to-stdout | grep .
}
eventually tallied
