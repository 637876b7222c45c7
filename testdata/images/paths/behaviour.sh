#!/bin/sh
# Prints whether the program in image $1 finds the files that its source names.
set -eu
. tests/e2e/behaviour.sh
run "$1"
