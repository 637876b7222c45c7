#!/bin/sh
# Prints the page that the server in image $1 serves, its type, and what it says to a page it does not have.
set -eu
container=$(podman run --pull=never --detach --network=host "$1")
trap 'podman logs "$container" >&2; podman rm --force --time 1 "$container" >/dev/null' EXIT

curl --silent --show-error --fail --retry 20 --retry-connrefused --retry-max-time 30 http://127.0.0.1:8080/
curl --silent --output /dev/null --write-out '%{http_code} %{content_type}\n' http://127.0.0.1:8080/index.html
curl --silent --output /dev/null --write-out '%{http_code}\n' http://127.0.0.1:8080/absent
