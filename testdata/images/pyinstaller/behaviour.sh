#!/bin/sh
# Prints what the program with an interpreter of its own in image $1 uses of the system.
set -eu
. tests/e2e/behaviour.sh
run "$1"
