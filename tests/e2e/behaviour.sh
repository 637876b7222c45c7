# shellcheck shell=sh
# What behaviour scripts share, sourced by them from the root of the repository.

# Runs a container and removes it: run [FLAG...] IMAGE [ARGUMENT...]
run() {
    podman run --pull=never --rm --network=host "$@"
}

# Starts a container, whose name is then in $container, until the script ends: start [FLAG...] IMAGE [ARGUMENT...]
start() {
    container=$(podman run --pull=never --detach --network=host "$@")
    trap 'status=$?; [ "$status" = 0 ] || podman logs "$container" >&2
          podman rm --force --time 0 "$container" >/dev/null' EXIT
}

# Runs a command until it succeeds, at most ten seconds, or until the container has ended. What it prints at last is
# printed.
eventually() {
    for _ in $(seq 100); do
        # shellcheck disable=SC2015 # printing does not fail
        answer=$("$@" 2>/dev/null) && { printf '%s\n' "$answer"; return; } || sleep 0.1
        running || break
    done
    "$@"
}

# Whether the container that was started, if any, still runs.
running() {
    [ -z "${container:-}" ] || [ "$(podman inspect --format '{{.State.Running}}' "$container")" = true ]
}

# A certificate authority and a certificate that it signs for host $1, in folder $2: ca.pem, cert.pem, key.pem.
certify() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=Harbour Authority' \
        -keyout "$2/ca.key" -out "$2/ca.pem" 2>/dev/null
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj "/CN=$1" \
        -addext "subjectAltName=DNS:$1" -addext 'basicConstraints=critical,CA:FALSE' \
        -CA "$2/ca.pem" -CAkey "$2/ca.key" -keyout "$2/key.pem" -out "$2/cert.pem" 2>/dev/null
}
