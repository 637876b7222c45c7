#!/bin/sh
# Lints the Dockerfile beside it, builds it, slims the image, and runs the image before and after.
set -eu
cd "$(dirname "$0")/../.."
PATH=$PWD/target/release:$PATH
folder=target/demo
before=docker-archive:$folder/before.tar
after=docker-archive:$folder/after.tar

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() { say "\$ $*" && "$@"; }

# 1 is the exit code for findings, which this file is here for.
show jettison lint testdata/demo/Dockerfile || [ $? = 1 ]

if [ "$(id -u)" != 0 ] || ! tests/tools.sh podman crun buildah mmdebstrap ip; then
    echo 'The rest builds and runs an image: run this as root, where podman, buildah and mmdebstrap can be installed.' >&2
    exit 1
fi
mkdir -p "$folder"
say 'Building that Dockerfile, on a base made of Debian packages'
tests/e2e/build.sh testdata/demo localhost/jettison-demo:before >"$folder/build.log" 2>&1 || { cat "$folder/build.log"; exit 1; }
rm -f "$folder/before.tar"
tests/e2e/sandbox.sh podman save --quiet --output "$folder/before.tar" localhost/jettison-demo:before

show jettison slim "$before" -o "$after" -t localhost/jettison-demo:after
show jettison why "$before" /usr/lib/x86_64-linux-gnu/libz.so.1
show ls -sh1 "$folder/before.tar" "$folder/after.tar"

tests/e2e/sandbox.sh podman load --quiet --input "$folder/after.tar" >/dev/null
for image in before after; do
    show tests/e2e/sandbox.sh podman run --pull=never --rm --network=none "localhost/jettison-demo:$image"
done
tests/e2e/sandbox.sh podman rmi localhost/jettison-demo:after >/dev/null
