#!/bin/sh
# Prints what the services of image $1 do together: nginx, gunicorn, a queue, a worker and a script.
set -eu
. tests/e2e/behaviour.sh
start --add-host lighthouse.test:192.0.2.7 "$1"
get() {
    curl --silent --show-error --fail --max-time 10 "http://127.0.0.1:8000$1"
}
eventually get /
get /host
get /papers/bill.txt
for job in count list_papers archive letters; do
    get "/job/$job"
done
running() {
    states=$(podman exec "$container" supervisorctl status)
    ! echo "$states" | grep STARTING >&2 && echo "$states"
}
eventually running | awk '{ print $1, $2 }'
podman cp "$container:/tmp/watched" - | tar --extract --to-stdout
