#!/bin/sh
# Prints what the server in image $1 knows of zones, authorities, users, hosts and media types.
set -eu
. tests/e2e/behaviour.sh
start --add-host lighthouse.test:192.0.2.7 "$1"
eventually curl --silent --fail http://127.0.0.1:8000/facts
curl --silent --write-out '%{content_type}\n' http://127.0.0.1:8000/
curl --silent --write-out '%{content_type}\n' http://127.0.0.1:8000/ship.webmanifest
podman healthcheck run "$container" && echo healthy
