#!/bin/sh
# Prints which programs and files the packages in image $1 find by their names.
set -eu
. tests/e2e/behaviour.sh
run "$1"
