#!/bin/sh
# Makes sure that programs are there: as root installs their Debian packages, otherwise names what is missing.
set -eu

missing=
packages=
for program in "$@"; do
    command -v "$program" >/dev/null && continue
    missing="$missing $program"
    case $program in
        apparmor_parser) packages="$packages apparmor" ;;
        ip) packages="$packages iproute2" ;;
        rpmbuild) packages="$packages rpm" ;;
        xz) packages="$packages xz-utils" ;;
        cc) packages="$packages gcc libc6-dev" ;;
        chromedriver) packages="$packages chromium chromium-driver" ;;
        dockerd) packages="$packages docker.io" ;;
        pip3) packages="$packages python3-pip" ;;
        psql) packages="$packages postgresql-client" ;;
        ssh) packages="$packages openssh-client" ;;
        sshd) packages="$packages openssh-server" ;;
        musl-gcc) packages="$packages musl-tools" ;;
        *) packages="$packages $program" ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "missing:$missing"
    exit 1
fi
apt-get update -qq >&2
# shellcheck disable=SC2086 # one word per package
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >&2
