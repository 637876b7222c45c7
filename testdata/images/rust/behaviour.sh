#!/bin/sh
# Prints what the program in image $1 finds beside itself, and what the programs it starts do.
set -eu
. tests/e2e/behaviour.sh
run --add-host lighthouse.test:192.0.2.7 "$1"
