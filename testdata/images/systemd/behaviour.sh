#!/bin/sh
# Prints what systemd in image $1 starts: a web server and a service that runs once as another user; and how it ends.
set -eu
. tests/e2e/behaviour.sh
start --systemd=always "$1"
eventually curl --silent --show-error --fail --max-time 10 http://127.0.0.1/ | grep --only-matching 'Welcome to nginx!' | head -n 1
report() {
    podman cp "$container:/var/lib/harbour/user" - | tar --extract --to-stdout
}
eventually report
podman top "$container" comm | grep -x -e nginx -e systemd -e systemd-journal | sort -u
podman stop --time 30 "$container" >/dev/null
podman inspect --format 'ended with status {{.State.ExitCode}}' "$container"
