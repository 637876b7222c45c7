#!/bin/sh
# Prints what the program in image $1 says with its own arguments and with others.
set -eu
podman run --pull=never --rm --network=none "$1"
podman run --pull=never --rm --network=none "$1" overboard
