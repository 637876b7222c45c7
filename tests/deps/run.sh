#!/bin/sh
# Compares `jettison deps` with the loaders themselves. With `--where-possible`, a machine that cannot names the tests
# and goes on, but never in CI, where nothing may be left out.
set -eu
cd "$(dirname "$0")/../.."

if [ "$(id -u)" != 0 ]; then
    obstacle='they need root'
elif obstacle=$(tests/tools.sh cc musl-gcc patchelf mmdebstrap); then
    exec cargo test --features fuzzing --test deps -- --nocapture
fi

echo "comparisons with the loaders cannot run, $obstacle:"
cargo test --quiet --features fuzzing --test deps -- --list
[ "${1:-}" = --where-possible ] && [ -z "${CI:-}" ]
