#!/bin/sh
# Prints what programs in image $1 do with libraries that they do not open themselves.
set -eu
. tests/e2e/behaviour.sh
run "$1"
