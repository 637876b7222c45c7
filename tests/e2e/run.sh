#!/bin/sh
# Runs the end-to-end tests, or those whose names hold the word given. With `--where-possible`, a machine that cannot
# run them names them and goes on, but never in CI, where nothing may be left out.
set -eu
cd "$(dirname "$0")/../.."
where_possible=
if [ "${1:-}" = --where-possible ]; then
    where_possible=yes
    shift
fi

if [ "$(id -u)" != 0 ]; then
    obstacle='they need root'
elif obstacle=$(tests/tools.sh podman crun buildah skopeo mmdebstrap ip curl python3 pip3 npm openssl psql ssh sshd git \
    umoci dockerd docker-registry rpmbuild); then
    cargo test --test e2e -- --test-threads=2 "$@"
    exec cargo test --test tools -- --test-threads=1 "$@"
fi

echo "end-to-end tests cannot run, $obstacle:"
cargo test --quiet --test e2e --test tools -- --list
[ -n "$where_possible" ] && [ -z "${CI:-}" ]
