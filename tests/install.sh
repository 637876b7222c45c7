#!/bin/bash
# Installs jettison from every package, as users do and without Rust: with pip, npm, apt, pre-commit, the action and
# Docker, from indexes and files of this machine. Needs a static program (`make static PROFILE=release`), cargo-deb,
# PyPI, npm, and as root `mmdebstrap` and `buildah`.
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD
target=$(rustc -vV | sed -n 's/^host: //p')
profile=${PROFILE:-release}
build=${CARGO_TARGET_DIR:-$repository/target}
program=$build/$target/$profile/jettison
version=$(packaging/targets.py --version)
# maturin asks cargo for the program, which is up to date if the flags are the same.
export RUSTFLAGS='-C target-feature=+crt-static'
[ -x "$program" ] || { echo "install: no $program: run \`make static PROFILE=$profile\`" >&2; exit 1; }

work=$(mktemp -d)
servers=()
finish() {
    for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT
fail() {
    echo "install: $1" >&2
    [ ! -s "$work/log" ] || tail -30 "$work/log" >&2
    exit 1
}
# A machine of a user: no Rust, and nothing of this environment.
clean() {
    env -i HOME="$work/home" PATH="$work/tools/bin:/usr/bin:/bin" LANG=C.UTF-8 TMPDIR="$work" "$@"
}
# Starts a server that prints its address, and sets `address` to it.
serve() {
    "$@" >"$work/address" 2>"$work/server.log" &
    servers+=($!)
    for _ in $(seq 100); do
        address=$(grep -om1 'http://127.0.0.1:[0-9]*' "$work/address") && return
        read -rt 0.1 <> <(:) || true
    done
    fail "no server: $*"
}
# Checks the program $1: its version, a finding and its status.
check() {
    [ "$(clean "$1" --version)" = "jettison $version" ] || fail "$1 is another version"
    local status=0
    clean "$1" lint --no-config --select root-user "$work/Dockerfile" >"$work/log" || status=$?
    [ "$status" = 1 ] || fail "$1 ends with status $status"
    grep -q root-user "$work/log" || fail "$1 reports nothing"
}
mkdir -p "$work/home" "$work/tools/bin" "$work/releases"
printf 'FROM debian:12\nUSER root\n' >"$work/Dockerfile"
! clean sh -c 'command -v cargo rustc' || fail 'there is Rust in a clean environment'

# --- Archive: reproducible, with a digest that is right.
packaging/archive.sh "$program" "$target" "$work/archives"
packaging/archive.sh "$program" "$target" "$work/again"
archive=jettison-$version-$target.tar.gz
cmp "$work/archives/$archive" "$work/again/$archive" || fail 'the archive is not reproducible'
(cd "$work/archives" && sha256sum --quiet --check "$archive.sha256")
mkdir "$work/unpacked"
tar -xzf "$work/archives/$archive" -C "$work/unpacked"
unpacked=$work/unpacked/${archive%.tar.gz}
check "$unpacked/bin/jettison"
man -l "$unpacked/share/man/man1/jettison-lint.1" >/dev/null || fail 'no manual page'
echo "archive: $(stat -c %s "$work/archives/$archive") bytes"

# --- Wheel, from an index.
python3 -m venv "$work/build"
"$work/build/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement requirements/build.txt
"$work/build/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
    --requirement tests/requirements/install.txt
PATH="$work/build/bin:$PATH" packaging/wheel.sh "$target" "$profile" manylinux2014 "$work/wheels"
wheel=$(ls "$work"/wheels/*.whl)
cmp <("$work/build/bin/python" -m zipfile -l "$wheel" | awk '/scripts.jettison / { print $NF }') \
    <(stat -c %s "$program") || fail 'the wheel has another program'
# auditwheel refuses programs without any library, so it is told about them by its own exit status.
"$work/build/bin/auditwheel" show "$wheel" >"$work/log" 2>&1 || grep -qi 'no shared libraries\|pure' "$work/log" ||
    fail 'auditwheel rejects the wheel'
mkdir -p "$work/index/jettison" "$work/index/setuptools"
cp "$wheel" "$work/index/jettison/"
"$work/build/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$work/index/setuptools" \
    "$(grep -o '^setuptools==[^ ]*' tests/requirements/install.txt)"
serve python3 -u -m http.server --bind 127.0.0.1 --directory "$work/index" 0
grep -o 'http://127.0.0.1:[0-9]*' "$work/address" >/dev/null || fail 'the index does not start'
index=$address
python3 -m venv "$work/user"
clean "$work/user/bin/pip" install --quiet --disable-pip-version-check --index-url "$index" jettison
check "$work/user/bin/jettison"
for file in man/man1/jettison.1 bash-completion/completions/jettison zsh/site-functions/_jettison \
    fish/vendor_completions.d/jettison.fish; do
    [ -s "$work/user/share/$file" ] || fail "the wheel has no $file"
done
echo "wheel: $(basename "$wheel"), $(stat -c %s "$wheel") bytes"

# --- npm: from a registry, which has only the package of this platform.
packaging/npm.py "$work/npm" "$unpacked"
mkdir "$work/registry" "$work/node"
for package in "$work"/npm/*; do npm pack --silent --pack-destination "$work/registry" "$package" >/dev/null; done
serve python3 tests/npm_registry.py "$work/registry"
registry=$address
node=$(dirname "$(readlink -f "$(command -v node)")")
for tool in node npm npx; do
    [ -e "$work/tools/bin/$tool" ] || ln -s "$(command -v $tool)" "$work/tools/bin/$tool"
done
echo '{}' >"$work/node/package.json"
(cd "$work/node" && clean npm install --silent --no-audit --no-fund --registry "$registry" jettison)
check "$work/node/node_modules/.bin/jettison"
(cd "$work/node" && clean npx --offline jettison --version) | grep -qx "jettison $version" || fail 'npx does not find it'
(cd "$work/node" && clean npm install --silent --no-audit --no-fund --registry "$registry" --global \
    --prefix "$work/global" jettison)
[ -e "$work/global/share/man/man1/jettison.1" ] || fail 'npm installs no manual page'
rm -r "$work"/node/node_modules/jettison-*
clean "$work/node/node_modules/.bin/jettison" --version 2>"$work/log" && fail 'a missing program is no error'
grep -q 'optional dependencies' "$work/log" || fail 'a missing program is not explained'
echo "npm: $(cd "$work/registry" && echo ./*.tgz)"

# --- Docker's command line, if it is there.
if command -v docker >/dev/null; then
    mkdir -p "$work/docker/cli-plugins"
    ln -s "$unpacked/bin/jettison" "$work/docker/cli-plugins/docker-lint"
    DOCKER_CONFIG=$work/docker docker --help | grep -q 'lint\*' || fail 'Docker does not list the plugin'
    status=0
    DOCKER_CONFIG=$work/docker docker lint --select root-user "$work/Dockerfile" >"$work/log" 2>&1 || status=$?
    [ "$status" = 1 ] || fail "docker lint ends with status $status"
    DOCKER_CONFIG=$work/docker docker help lint | grep -q 'Usage: docker lint' || fail 'docker help lint shows no help'
    echo "docker: $(docker --version)"
fi

# --- pre-commit: the mirror repository, and the local hook of `jettison init`, from the index.
"$work/build/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
    --requirement tests/requirements/pre-commit.txt
ln -s "$work/build/bin/pre-commit" "$work/tools/bin/pre-commit"
export GIT_CONFIG_GLOBAL=/dev/null
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
packaging/mirror.py "$work/mirror"
pre_commit() {
    clean env PRE_COMMIT_HOME="$work/pre-commit" PIP_INDEX_URL="$index" PIP_DISABLE_PIP_VERSION_CHECK=1 \
        pre-commit run --all-files >"$work/log" 2>&1
}
mkdir "$work/scratch"
cd "$work/scratch"
git init --quiet
cp "$work/Dockerfile" .
printf 'repos:\n  - repo: %s\n    rev: v%s\n    hooks:\n      - id: jettison\n' "$work/mirror" "$version" \
    >.pre-commit-config.yaml
git add .
! pre_commit || fail 'the mirror reports nothing'
grep -q 'root-user' "$work/log" || fail 'the hook of the mirror does not run'
rm .pre-commit-config.yaml
"$work/user/bin/jettison" init --quiet --hook pre-commit
git add .
! pre_commit || fail 'the local hook reports nothing'
grep -q 'root-user' "$work/log" || fail 'the local hook does not run'
printf 'FROM scratch\nCOPY a /a\nUSER 1\nENTRYPOINT ["/a"]\n' >Dockerfile
git add .
pre_commit || fail 'a clean file fails'
cd "$repository"
echo "pre-commit: $("$work/build/bin/pre-commit" --version)"

# --- The action: a release with its digest, with another one, and none.
mkdir -p "$work/releases/v$version"
cp "$work/archives/$archive" "$work/releases/v$version/"
(cd "$work/releases/v$version" && sha256sum -- * >"$work/SHA256SUMS" && mv "$work/SHA256SUMS" .)
serve python3 -u -m http.server --bind 127.0.0.1 --directory "$work/releases" 0
install() {
    clean env RELEASES="$address" "$@" "$work/action-tree/packaging/action/install.sh" "$work/action" >"$work/log" 2>&1
}
# A tree without sources, so that building is an error that can be seen.
mkdir -p "$work/action-tree/packaging" "$work/action-tree/requirements"
cp -r packaging/action "$work/action-tree/packaging/"
install VERSION="v$version" || fail 'the action does not install a release'
check "$work/action/bin/jettison"
! install VERSION="v$version" DIGEST=0000 || fail 'the action ignores a digest'
grep -q 'another SHA-256' "$work/log" || fail 'the action does not name the digest'
! install VERSION=v9.9.9 || fail 'the action installs a release that does not exist'
grep -q 'building from source' "$work/log" || fail 'the action does not fall back to building'
! install VERSION=main || fail 'the action takes a branch for a release'
grep -q 'building from source' "$work/log" || fail 'the action does not build a branch'
! install VERSION=main DIGEST=0000 || fail 'the action builds a program in place of one with a digest'
! grep -q 'building from source' "$work/log" || fail 'the action builds a program in place of one with a digest'
grep -q 'a digest is required' "$work/log" || fail 'the action does not say that the digest needs a release'
echo "action: $(basename "$archive")"

# --- Debian: in a root directory with nothing else.
packaging/deb.sh "$target" "$profile" "$work/debian"
deb=$(ls "$work"/debian/*.deb)
tests/tools.sh mmdebstrap buildah
mmdebstrap --quiet --variant=minbase --customize-hook="copy-in $deb /tmp" \
    --customize-hook='chroot "$1" sh -c "apt-get install -y -qq /tmp/*.deb >/dev/null 2>&1 && jettison --version && ls /usr/share/man/man1/jettison.1* /usr/share/bash-completion/completions/jettison && ! ls /usr/bin/cargo 2>/dev/null"' \
    bookworm "$work/root.tar" >"$work/log" 2>&1 || fail 'apt cannot install the package'
grep -q "jettison $version" "$work/log" || fail 'the Debian package does not run'
rm "$work/root.tar"
echo "debian: $(basename "$deb"), $(stat -c %s "$deb") bytes"

# --- The image: built, linted by itself, and run.
packaging/image.sh "$work/context" "linux/amd64=$program"
buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs bud --quiet --isolation chroot \
    --build-arg TARGETPLATFORM=linux/amd64 --tag jettison "$work/context" >"$work/log" 2>&1 || fail 'buildah cannot build'
buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs push --quiet jettison \
    "oci-archive:$work/image.tar" >"$work/log" 2>&1 || fail 'buildah cannot write the image'
"$program" lint --profile minimal "$work/context/Dockerfile" "oci-archive:$work/image.tar" >"$work/log" ||
    fail 'the image has findings'
"$program" slim "oci-archive:$work/image.tar" -o "rootfs:$work/rootfs" --dry-run >"$work/log" || fail 'slim fails'
mkdir "$work/rootfs"
container=$(buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs from jettison)
mounted=$(buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs mount "$container")
unshare --map-root-user --root="$mounted" /usr/bin/jettison --version | grep -qx "jettison $version" ||
    fail 'the program of the image does not run'
buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs rm --all >/dev/null
echo "image: $(stat -c %s "$work/image.tar") bytes"
