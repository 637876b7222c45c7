#!/bin/sh
# Prints what the archive with Python modules in image $1 answers, which needs libraries of the system.
set -eu
. tests/e2e/behaviour.sh
run "$1"
