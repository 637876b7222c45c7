#!/bin/sh
# Prints what each task of the application in image $1 answers, and whether its HEALTHCHECK passes.
set -eu
. tests/e2e/behaviour.sh
start --add-host lighthouse.test:192.0.2.7 "$1"
eventually curl --silent --show-error --fail http://127.0.0.1:8000/
for task in addon packages sockets tls words processes hosts; do
    curl --silent --show-error "http://127.0.0.1:8000/$task"
done
podman healthcheck run "$container" && echo healthy
