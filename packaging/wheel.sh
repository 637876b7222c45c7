#!/bin/sh
# Writes a wheel with the program, manual pages and completions. The program must have been built for the target with
# the profile, and with the same RUSTFLAGS, or it is built again. Needs `maturin` of requirements/build.txt.
#
#     packaging/wheel.sh TARGET PROFILE "COMPATIBILITY..." DIRECTORY
set -eu
target=$1 profile=$2 compatibility=$3 directory=$(realpath -m "$4")
cd "$(dirname "$0")/.."
# maturin installs the content of this directory below the prefix of the environment.
data=jettison.data
trap 'rm -rf "$data"' EXIT
packaging/share.sh "${CARGO_TARGET_DIR:-target}/$target/$profile/jettison" "$data/data"
# shellcheck disable=SC2086 # one word per tag
maturin build --quiet --locked --profile "$profile" --target "$target" --compatibility $compatibility --out "$directory"
