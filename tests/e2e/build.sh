#!/bin/sh
# Builds image $2 from the Dockerfile in folder $1, on a base made of Debian's own packages, as slim as Debian's image.
set -eu
. "$(dirname "$0")/containers.sh"
base=docker.io/library/debian:bookworm-slim

if ! podman image exists "$base"; then
    # shellcheck disable=SC2016 # mmdebstrap expands it
    mmdebstrap --quiet --variant=minbase \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --customize-hook="copy-in $(dirname "$0")/docker-clean /etc/apt/apt.conf.d" \
        --customize-hook='rm "$1"/var/cache/apt/*.bin' \
        bookworm "$store/base.tar"
    podman import --quiet --change 'CMD ["bash"]' "$store/base.tar" "$base"
    podman tag "$base" docker.io/library/debian:latest
    rm "$store/base.tar"
fi

buildah build --quiet --isolation chroot --layers --pull=never --tag "$2" "$1"
