#!/bin/sh
# A real daemon: Podman's service, found by DOCKER_HOST and by its usual socket, or Docker's, found by a context and
# over ssh. $1 is `podman` or `docker`.
. "$(dirname "$0")/common.sh"
hello_image
export DOCKER_HOST="unix://$work/socket"

if [ "$1" = podman ]; then
    podman system service --time=0 "$DOCKER_HOST" >"$work/log" 2>&1 &
    trap 'kill $!' EXIT
    wait_for test -S "$work/socket"
    "$jettison" slim hello:latest -t hello:slim
    says_hello hello:slim
    podman rmi --force hello:slim >/dev/null
    # Without DOCKER_HOST, where Podman's users have it.
    mkdir -p "$work/run/podman"
    ln -s "$work/socket" "$work/run/podman/podman.sock"
    export XDG_RUNTIME_DIR="$work/run"
    unset DOCKER_HOST
    "$jettison" slim docker-daemon:localhost/hello:latest -o docker-daemon:localhost/hello:slim2
    says_hello localhost/hello:slim2
else
    mkdir -p "$work/data" "$work/exec"
    dockerd --host="$DOCKER_HOST" --data-root="$work/data" --exec-root="$work/exec" --pidfile="$work/pid" \
        --iptables=false --ip6tables=false --bridge=none --storage-driver=vfs >"$work/log" 2>&1 &
    trap 'kill $!; wait' EXIT
    wait_for curl --silent --fail --unix-socket "$work/socket" http://x/_ping
    unset DOCKER_HOST
    skopeo copy --quiet containers-storage:localhost/hello:latest \
        "docker-archive:$work/hello.tar:hello:latest"
    curl --silent --fail --unix-socket "$work/socket" -X POST -T "$work/hello.tar" http://x/images/load >"$work/said"
    # A context is what `docker context use` leaves behind.
    meta="$work/docker/contexts/meta/$(printf here | sha256sum | cut -d' ' -f1)"
    mkdir -p "$meta"
    printf '{"currentContext": "here"}' >"$work/docker/config.json"
    printf '{"Name": "here", "Endpoints": {"docker": {"Host": "unix://%s"}}}' "$work/socket" >"$meta/meta.json"
    DOCKER_CONFIG="$work/docker" "$jettison" slim hello:latest -t hello:slim
    curl --silent --fail --unix-socket "$work/socket" http://x/images/hello:slim/get >"$work/slim.tar"
    loaded=$(podman load --quiet --input "$work/slim.tar")
    says_hello "${loaded##*: }"
    # Over ssh. The mounts are this script's own, so root's keys stay as they are.
    mkdir -p "$work/ssh" /root/.ssh /run/sshd
    mount --bind "$work/ssh" /root/.ssh
    ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
    ssh-keygen -q -t ed25519 -N '' -f "$work/host_key"
    cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
    echo "[127.0.0.1]:2222 $(cut -d' ' -f1,2 "$work/host_key.pub")" >/root/.ssh/known_hosts
    /usr/sbin/sshd -f /dev/null -p 2222 -o ListenAddress=127.0.0.1 -o "HostKey=$work/host_key" -o StrictModes=no \
        -o "PidFile=$work/sshd.pid" -o "SetEnv=DOCKER_HOST=unix://$work/socket"
    trap 'kill "$(cat "$work/sshd.pid")"; kill $!; wait' EXIT
    DOCKER_HOST=ssh://root@127.0.0.1:2222 "$jettison" slim hello:latest -t hello:far
    curl --silent --fail --unix-socket "$work/socket" http://x/images/hello:far/json >"$work/far"
fi
