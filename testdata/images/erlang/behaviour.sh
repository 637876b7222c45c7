#!/bin/sh
# Prints what the script in image $1 finds out.
set -eu
. tests/e2e/behaviour.sh
run "$1"
