#!/bin/sh
# Runs a command beside a Docker daemon of its own, which keeps its images in folder $1. Run it in sandbox.sh.
set -eu
folder=$1
shift
mkdir -p "$folder"
export DOCKER_HOST="unix://$folder/socket"
dockerd --iptables=false --ip6tables=false --bridge=none --host "$DOCKER_HOST" --pidfile "$folder/pid" \
    --data-root "$folder/data" --exec-root "$folder/run" >"$folder/log" 2>&1 &
daemon=$!
trap 'kill $daemon; wait $daemon || true' EXIT
for _ in $(seq 100); do
    docker version >/dev/null 2>&1 && break
    sleep 0.2
done
"$@"
