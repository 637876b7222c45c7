#!/bin/sh
# Prints what the programs that packages start in image $1 read from a page.
set -eu
. tests/e2e/behaviour.sh
run "$1"
