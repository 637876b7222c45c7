#!/bin/sh
# Prints what the static program in image $1 finds by name, with its own arguments and with others.
set -eu
. tests/e2e/behaviour.sh
run --add-host lighthouse.test:192.0.2.7 "$1"
run --add-host lighthouse.test:192.0.2.7 --env TZ=America/Caracas "$1" second
