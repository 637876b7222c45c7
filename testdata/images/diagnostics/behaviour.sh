#!/bin/sh
# Prints what the program in image $1 reads, writes and explains.
set -eu
. tests/e2e/behaviour.sh
run "$1"
