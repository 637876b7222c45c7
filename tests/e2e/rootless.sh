#!/bin/sh
# Runs a command that starts containers with Podman as user $1, who needs ranges in /etc/subuid and /etc/subgid: rootless.sh USER
# COMMAND... Images are in the home of the user.
set -eu
user=$1
shift
home=$(getent passwd "$user" | cut -d: -f6)
for folder in store runtime temporary; do
    install -d -m 700 -o "$user" "$home/$folder"
done
export HOME="$home" JETTISON_STORE="$home/store" XDG_RUNTIME_DIR="$home/runtime" TMPDIR="$home/temporary"
# shellcheck disable=SC2016 # the inner shells expand their own arguments
exec unshare --mount --net sh -c '
    umount /sys/fs/cgroup/unified 2>/dev/null || true
    ip link set lo up
    exec setpriv --reuid="$0" --regid="$0" --init-groups sh -c '\''. tests/e2e/containers.sh && exec "$@"'\'' sh "$@"' "$user" "$@"
