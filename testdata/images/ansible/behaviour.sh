#!/bin/sh
# Prints what a playbook in image $1 does on the container itself.
set -eu
. tests/e2e/behaviour.sh
run "$1" | tr -s '*'
