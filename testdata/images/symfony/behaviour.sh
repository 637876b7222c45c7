#!/bin/sh
# Prints the report of the application in image $1, and which commands it lists.
set -eu
. tests/e2e/behaviour.sh
run "$1" | sed 's/^\[[^]]*\]/[TIME]/'
run "$1" list --raw
