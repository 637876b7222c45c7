#!/bin/sh
# Prints what the application in image $1 answers, started by Poetry in an environment below its cache.
set -eu
. tests/e2e/behaviour.sh
run "$1"
