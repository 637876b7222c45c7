#!/bin/sh
# Runs a command beside the Docker of Debian testing: newest_docker.sh DIRECTORY COMMAND...
#
# The directory gets a root file system of Debian testing (about 600 MB, downloaded once), which becomes the root of the
# command. The repository is at /repository there, and DIRECTORY/work at /scratch:
#
#     tests/e2e/newest_docker.sh target/newest-docker env JETTISON=/repository/target/debug/jettison WORK=/scratch/frontend \
#         /repository/tests/e2e/transports/frontend.sh
set -eu
here=$(realpath "$(dirname "$0")")
mkdir -p "$1"
directory=$(realpath "$1")
shift
root=$directory/root
if [ ! -e "$directory/complete" ]; then
    mirror=$(sed -n 's/^URIs: *//p; s/^deb .*\(http[^ ]*\).*/\1/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
        head -1)
    mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' \
        --include=docker.io,docker-buildx,docker-cli,ca-certificates,iptables,iproute2,procps,jq,python3-minimal,xz-utils \
        testing "$root" \
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian} testing main"
    touch "$directory/complete"
fi
mkdir -p "$directory/data" "$directory/work" "$root/repository" "$root/scratch" "$root/var/lib/docker" "$root/old"
export here directory root
# shellcheck disable=SC2016 # the inner shell expands its own variables
exec unshare --mount sh -euc '
    umount /sys/fs/cgroup/unified 2>/dev/null || true
    mount --bind "$root" "$root"
    mount --rbind /dev "$root/dev"
    mount --rbind /sys "$root/sys"
    mount -t proc proc "$root/proc"
    mount -t tmpfs tmpfs "$root/tmp"
    mount -t tmpfs tmpfs "$root/run"
    mount --bind "$here/../.." "$root/repository"
    mount --bind "$directory/work" "$root/scratch"
    mount --bind "$directory/data" "$root/var/lib/docker"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    cd "$root"
    pivot_root . old
    cd /
    umount --lazy /old
    export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DOCKER_HOST=unix:///var/run/docker.sock
    dockerd --iptables=false --ip6tables=false --bridge=none >/scratch/daemon.log 2>&1 &
    daemon=$!
    trap "kill $daemon; wait $daemon || true" EXIT
    for _ in $(seq 150); do
        docker version >/dev/null 2>&1 && break
        sleep 0.2
    done
    "$@"' sh "$@"
