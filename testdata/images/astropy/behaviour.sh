#!/bin/sh
# Prints what the program in image $1 computes with a library that imports its own `tests`.
set -eu
. tests/e2e/behaviour.sh
run "$1"
