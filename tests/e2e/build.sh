#!/bin/sh
# Builds image $2 from the Dockerfile in folder $1, on a base made of Debian's own packages, as slim as Debian's image.
#
# Package lists and downloaded packages are shared by all builds and stay out of the images. They are mounted as overlays,
# so that a Dockerfile may remove them, and so that two builds may run at once; new packages are copied out through /mnt. Where the folder has a `prepare.sh`, it first puts what Debian has no
# package of into the folder that the Dockerfile names `--from=prepared`.
set -eu
here=$(realpath "$(dirname "$0")")
. "$here/containers.sh"
base=docker.io/library/debian:bookworm-slim
apt=$store/apt

make_base() {
    mkdir -p "$apt/archives/partial" "$apt/lists/partial"
    # shellcheck disable=SC2016 # mmdebstrap expands it
    mmdebstrap --quiet --variant=minbase \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --dpkgopt=force-unsafe-io \
        --customize-hook="copy-in $here/docker-clean /etc/apt/apt.conf.d" \
        --customize-hook='cp -a "$1"/var/lib/apt/lists/. '"$apt/lists" \
        --customize-hook='rm "$1"/var/cache/apt/*.bin' \
        bookworm "$store/base.tar"
    podman import --quiet --change 'CMD ["bash"]' "$store/base.tar" "$base"
    podman tag "$base" docker.io/library/debian:latest
    rm "$store/base.tar"
}

prepare() {
    mkdir -p "$store/prepared/$(basename "$1")"
    [ ! -x "$1/prepare.sh" ] || "$1/prepare.sh" "$store/prepared/$(basename "$1")"
}

(
    flock 9
    podman image exists "$base" || make_base
) 9>"$store/base.lock"
prepare "$1"
buildah build --quiet --format docker --isolation chroot --layers --pull=never --tag "$2" \
    --volume "$apt/archives:/var/cache/apt/archives:O" --volume "$apt/archives:/mnt" \
    --volume "$apt/lists:/var/lib/apt/lists:O" --volume "$here/apt-keeps:/etc/apt/apt.conf.d/docker-clean" \
    --build-context "prepared=$store/prepared/$(basename "$1")" "$1"
