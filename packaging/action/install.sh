#!/bin/bash
# Installs jettison for the action into the directory $1: the program of a release, whose digest is checked, or else a
# program that is built from the sources of the action.
#
#     RELEASES   address below which releases are, as `https://github.com/OWNER/jettison/releases/download`
#     VERSION    the tag of the release, as `v0.1.0`; other references, such as a branch or a commit, have none
#     DIGEST     SHA-256 of the archive, if the caller pins it; otherwise that of the release is used
set -euo pipefail
directory=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

target() {
    case "$(uname -s)-$(uname -m)" in
        Linux-x86_64) echo x86_64-unknown-linux-gnu ;;
        Linux-aarch64 | Linux-arm64) echo aarch64-unknown-linux-gnu ;;
        Darwin-x86_64) echo x86_64-apple-darwin ;;
        Darwin-arm64) echo aarch64-apple-darwin ;;
        *) return 1 ;;
    esac
}

fetch() {
    curl --silent --show-error --fail --location --retry 3 --proto-redir '=https' --output "$work/$1" \
        "$RELEASES/$VERSION/$1"
}

digest() {
    if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1
}

# Status 1 if there is no such release. A release that is not what it should be ends the installation: it must not be
# hidden by building another program.
download() {
    local name expected
    [[ ${VERSION:-} =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]] && target >/dev/null || return 1
    name=jettison-${VERSION#v}-$(target).tar.gz
    fetch SHA256SUMS 2>"$work/error" && fetch "$name" 2>"$work/error" || return 1
    expected=${DIGEST:-$(sed -n "s/^\([0-9a-f]\{64\}\)  $name\$/\1/p" "$work/SHA256SUMS")}
    if [ "$(digest "$work/$name")" != "$expected" ]; then
        echo "::error::$name has another SHA-256 than expected"
        exit 1
    fi
    # The signature proves that the release was built by the workflow of the repository.
    if [ -n "${GH_TOKEN:-}" ] && [ -n "${REPOSITORY:-}" ] && command -v gh >/dev/null; then
        gh attestation verify "$work/$name" --repo "$REPOSITORY" >"$work/attestation" 2>&1 || {
            cat "$work/attestation"
            echo "::error::$name has no valid attestation of $REPOSITORY"
            exit 1
        }
    fi
    # Bash ignores errors in a function that is a condition.
    tar -xzf "$work/$name" -C "$work" || exit 1
    mkdir -p "$directory/bin" || exit 1
    install -m 755 "$work/${name%.tar.gz}/bin/jettison" "$directory/bin/jettison" || exit 1
    echo "installed $name"
}

build() {
    # Every file that is downloaded has its hash in the list. The build is not isolated, because an isolated one
    # downloads its tools without a check.
    # With -I, no module is imported from the current directory, which is the repository to be checked.
    [ -x "$directory/bin/pip" ] || python3 -I -m venv "$directory"
    "$directory/bin/pip" --quiet --disable-pip-version-check install --require-hashes \
        --requirement "$root/requirements/build.txt"
    PATH="$directory/bin:$PATH" "$directory/bin/pip" --quiet --disable-pip-version-check install --no-deps \
        --no-build-isolation "$root"
    echo "built jettison from source"
}

download || {
    # What is built from source has another digest.
    if [ -n "${DIGEST:-}" ]; then
        echo "::error::there is no release for this platform and \`${VERSION:-}\`, and a digest is required"
        exit 1
    fi
    echo "there is no release for this platform and \`${VERSION:-}\`: building from source"
    build
}
