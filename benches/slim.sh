#!/bin/sh
# Times `jettison slim` of a large archive beside `skopeo copy` of the same archive.
# Usage: benches/slim.sh [ARCHIVE] (default: an image that podman builds; benches/ffmpeg.sh makes one without it).
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/target/release:$PATH
folder=target/bench
archive=${1:-$folder/large.tar}

tests/tools.sh skopeo hyperfine
mkdir -p "$folder"
if [ ! -f "$archive" ]; then
    tests/tools.sh podman crun buildah mmdebstrap
    tests/e2e/build.sh benches/large localhost/jettison-bench/large >/dev/null
    tests/e2e/sandbox.sh podman save --quiet --output "$archive" localhost/jettison-bench/large
fi

hyperfine --warmup 1 --runs 5 --export-markdown "$folder/slim.md" --style none \
    --prepare "rm -f $folder/slimmed.tar" --prepare "rm -f $folder/copied.tar" \
    --command-name 'jettison slim' "jettison slim docker-archive:$archive -o docker-archive:$folder/slimmed.tar -t slimmed" \
    --command-name 'skopeo copy' "skopeo copy --quiet docker-archive:$archive docker-archive:$folder/copied.tar" >/dev/null
cat "$folder/slim.md"
ls -sh1 "$archive" "$folder/slimmed.tar" "$folder/copied.tar"
