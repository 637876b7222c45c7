#!/bin/sh
# Prints what the program in image $1 makes of a list of words that a RUN put below the home directory.
set -eu
. tests/e2e/behaviour.sh
run "$1"
