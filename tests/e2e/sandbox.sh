#!/bin/sh
# Runs a command that starts containers: with mounts of its own, and a network of its own that holds only loopback,
# so that no port can clash with the machine's.
set -eu
. "$(dirname "$0")/containers.sh"
# shellcheck disable=SC2016 # the inner shell expands its own arguments
exec unshare --mount --net sh -c '
    # crun refuses a machine that has both generations of cgroups mounted.
    umount /sys/fs/cgroup/unified 2>/dev/null || true
    ip link set lo up
    exec "$@"' sh "$@"
