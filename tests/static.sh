#!/bin/sh
# Fails unless program $1 needs nothing: no interpreter, no library, no file.
set -eu
empty=$(mktemp -d)
trap 'rm -r "$empty"' EXIT

LC_ALL=C ldd "$1" 2>&1 | grep -E 'statically linked|not a dynamic executable'
cp "$1" "$empty/jettison"
unshare --map-root-user --root="$empty" /jettison --version
ls -lh "$1"
