#!/bin/sh
# Runs lint, explain and the readers of images with a program that was built without the parts that need Linux, as on
# macOS. With `--binary PROGRAM`, runs them with that program, on any platform; `--binary` alone builds one.
set -eu
cd "$(dirname "$0")/.."
if [ "${1:-}" = --binary ] && [ -n "${2:-}" ]; then
    program=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
else
    build="${CARGO_TARGET_DIR:-target}"
    if [ "${1:-}" != --binary ]; then
        # Another directory, as the flag would build everything again.
        build=$build/portable
        RUSTFLAGS="${RUSTFLAGS:-} --cfg jettison_portable"
        export RUSTFLAGS
    fi
    cargo build --quiet --locked --target-dir "$build"
    program=$(cd "$build" && pwd)/debug/jettison
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    echo "portable: $1" >&2
    exit 1
}

mkdir "$work/project" "$work/layer"
cd "$work/project"
git init --quiet .
printf 'FROM debian:12\nADD a /a\nUSER root\n' >Dockerfile
status=0
"$program" lint --no-shellcheck --select root-user,add-instead-of-copy --format compact >found || status=$?
[ "$status" = 1 ] && [ "$(wc -l <found | tr -d ' ')" = 2 ] || fail "lint: status $status: $(cat found)"
git add Dockerfile
! "$program" lint --no-shellcheck --staged --select root-user --quiet >/dev/null || fail 'lint --staged finds nothing'
"$program" lint --no-shellcheck --select DL3020 --fix --unsafe-fixes --quiet >/dev/null || fail 'lint --fix'
grep -q '^COPY a /a$' Dockerfile || fail 'lint --fix fixes nothing'
"$program" lint --no-shellcheck --select root-user --format sarif=report.sarif >/dev/null && fail 'the status is 0'
[ -s report.sarif ] || fail 'no report is written'
"$program" init --quiet --hook git || fail 'init'
[ -x .git/hooks/pre-commit ] || fail 'init adds no hook'
"$program" explain DL3020 | grep -q COPY || fail 'explain'
"$program" explain guide/install >/dev/null || fail 'explain guide'

# An image in an archive of Docker's.
echo root:x:0:0:root:/root:/bin/sh >"$work/layer/passwd"
echo program >"$work/layer/app"
mkdir "$work/image"
(cd "$work/layer" && tar -cf "$work/image/layer.tar" app passwd)
if command -v sha256sum >/dev/null; then sum=sha256sum; else sum='shasum -a 256'; fi
layer=$($sum "$work/image/layer.tar" | cut -d' ' -f1)
printf '{"architecture":"amd64","os":"linux","config":{"Entrypoint":["/app"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[{"created_by":"COPY . /"}]}' \
    "$layer" >"$work/image/config.json"
printf '[{"Config":"config.json","RepoTags":["app:1"],"Layers":["layer.tar"]}]' >"$work/image/manifest.json"
(cd "$work/image" && tar -cf ../app.tar manifest.json config.json layer.tar)
"$program" inspect "$work/app.tar" --quiet | grep -q '2 files\|files' || fail 'inspect'
"$program" lint "$work/app.tar" --select missing-user --quiet >/dev/null && fail 'lint finds nothing in an image'
"$program" slim "$work/app.tar" -o "docker-archive:$work/slim.tar" --quiet >/dev/null || fail 'slim'
"$program" why "$work/app.tar" /app | grep -q ENTRYPOINT || fail 'why'
echo "portable: $("$program" --version) on $(uname -s)"
