#!/bin/sh
# Prints the parts of the report of image $1.
set -eu
. tests/e2e/behaviour.sh
run --add-host lighthouse.test:192.0.2.7 "$1"
run "$1" letters
