#!/bin/sh
# Runs the end-to-end tests. With `--where-possible`, a machine that cannot run them names them and goes on,
# but never in CI, where nothing may be left out.
set -eu
cd "$(dirname "$0")/../.."

if [ "$(id -u)" != 0 ]; then
    obstacle='they need root'
elif obstacle=$(tests/tools.sh podman crun buildah skopeo mmdebstrap ip curl python3 umoci dockerd); then
    exec cargo test --test e2e -- --test-threads=1
fi

echo "end-to-end tests cannot run, $obstacle:"
cargo test --quiet --test e2e -- --list
[ "${1:-}" = --where-possible ] && [ -z "${CI:-}" ]
