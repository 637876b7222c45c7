#!/bin/sh
# Compares two images as podman mounts them: mounted.sh LEFT RIGHT. Run it in sandbox.sh.
set -eu
left=$(podman image mount "$1")
right=$(podman image mount "$2")
"$(dirname "$0")/same_tree.py" "$left" "$right"
podman image umount "$1" "$2" >/dev/null
