#!/bin/sh
# Lints the Dockerfile beside it, builds it, slims the image, and runs the image before and after.
set -eu
cd "$(dirname "$0")/../.."
PATH=$PWD/target/release:$PATH
directory=target/demo
log=$directory/build.log
before=docker-archive:$directory/before.tar
after=docker-archive:$directory/after.tar

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() { say "\$ $*" && "$@"; }

# Runs a command with its output in the log, and prints a dot every two seconds while it runs.
quietly() {
    "$@" >>"$log" 2>&1 &
    job=$!
    while kill -0 "$job" 2>/dev/null; do
        printf .
        sleep 2
    done
    echo
    wait "$job" || { cat "$log" >&2 && exit 1; }
}

# The first result needs neither root nor containers. 1 is the exit status for findings, which this file is here for.
show jettison lint testdata/demo/Dockerfile || [ $? = 1 ]

if [ "$(id -u)" != 0 ]; then
    echo 'The rest builds and runs an image: run this as root.' >&2
    exit 1
fi
mkdir -p "$directory"
: >"$log"
say 'Checking for podman, crun, buildah and mmdebstrap; installing the Debian packages that are missing'
quietly tests/tools.sh podman crun buildah mmdebstrap ip
say "Building the image from testdata/demo/Dockerfile: 1 to 2 minutes the first time (log: $log)"
quietly tests/e2e/build.sh testdata/demo localhost/jettison-demo:before
say "Saving it as $directory/before.tar"
rm -f "$directory/before.tar"
quietly tests/e2e/sandbox.sh podman save --quiet --output "$directory/before.tar" localhost/jettison-demo:before

show jettison slim "$before" -o "$after" -t localhost/jettison-demo:after
show jettison why "$before" /usr/lib/x86_64-linux-gnu/libz.so.1
show ls -sh1 "$directory/before.tar" "$directory/after.tar"

say 'Running both images: they must print the same'
tests/e2e/sandbox.sh podman load --quiet --input "$directory/after.tar" >/dev/null
for image in before after; do
    show tests/e2e/sandbox.sh podman run --pull=never --rm --network=none "localhost/jettison-demo:$image"
done
tests/e2e/sandbox.sh podman rmi localhost/jettison-demo:after >/dev/null
