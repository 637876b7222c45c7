#!/bin/sh
# Builds image $2 from the Dockerfile in folder $1, on a base made of Debian's own packages.
set -eu
. "$(dirname "$0")/containers.sh"
base=docker.io/library/debian:bookworm-slim

if ! podman image exists "$base"; then
    mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$store/base.tar"
    podman import --quiet --change 'CMD ["bash"]' "$store/base.tar" "$base"
    podman tag "$base" docker.io/library/debian:latest
    rm "$store/base.tar"
fi

buildah build --quiet --isolation chroot --layers --pull=never --tag "$2" "$1"
