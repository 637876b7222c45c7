#!/bin/sh
# Prints what the application in image $1 computes with a module that its package keeps below `examples`.
set -eu
. tests/e2e/behaviour.sh
run "$1"
