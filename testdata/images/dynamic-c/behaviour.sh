#!/bin/sh
# Prints what the program in image $1 gets from the C library, in the image's locale and time zone and in others.
set -eu
. tests/e2e/behaviour.sh
run --add-host lighthouse.test:192.0.2.7 "$1"
run --add-host lighthouse.test:192.0.2.7 --env LANG=C.UTF-8 --env TZ=Asia/Kathmandu "$1"
