#!/bin/sh
# Writes a Debian package with a program that has been built. Needs `cargo-deb`.
#
#     packaging/deb.sh TARGET PROFILE DIRECTORY
set -eu
target=$1 profile=$2 directory=$(realpath -m "$3")
cd "$(dirname "$0")/.."
# Cargo.toml names the files in this directory.
rm -rf target/package/share
packaging/share.sh "${CARGO_TARGET_DIR:-target}/$target/$profile/jettison" target/package
mkdir -p "$directory"
cargo deb --quiet --locked --no-build --no-strip --profile "$profile" --target "$target" --output "$directory"
