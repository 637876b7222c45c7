#!/bin/sh
# Prints the notebook that image $1 runs in a kernel of its own.
set -eu
. tests/e2e/behaviour.sh
run "$1" 2>/dev/null
