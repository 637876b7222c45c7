#!/bin/sh
# Prints what the program in image $1 finds through musl: plugins, zones, users, hosts, services, a shell's commands.
set -eu
. tests/e2e/behaviour.sh
run --add-host lighthouse.test:192.0.2.7 "$1"
run --add-host lighthouse.test:192.0.2.7 --env TZ=America/St_Johns "$1"
