#!/bin/sh
# Prints what programs that image $1 compiles from C and C++ print.
set -eu
. tests/e2e/behaviour.sh
run "$1"
run --env CFLAGS=-g "$1" clean check
