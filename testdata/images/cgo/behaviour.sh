#!/bin/sh
# Prints what the program in image $1 does through libvips, Go's library and a shell.
set -eu
. tests/e2e/behaviour.sh
run --add-host lighthouse.test:192.0.2.7 "$1"
