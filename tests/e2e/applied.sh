#!/bin/sh
# Copies the files of an image, as podman mounts it, into a directory: applied.sh IMAGE DIRECTORY. Run it in sandbox.sh.
set -eu
name=localhost/jettison-e2e/applied
trap 'podman rmi --force "$name" >/dev/null 2>&1' EXIT
skopeo copy --quiet "$1" "containers-storage:$name"
root=$(podman image mount "$name")
cp -a "$root/." "$2"
podman image umount "$name" >/dev/null
