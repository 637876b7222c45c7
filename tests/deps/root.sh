#!/bin/sh
# Unpacks Debian packages with some hundreds of programs into directory $1, once.
#
# Nothing of them runs but `ldconfig`: packages are extracted, not configured, which takes a third of the time.
set -eu
[ -e "$1/etc/ld.so.cache" ] && exit 0
"$(dirname "$0")/../tools.sh" mmdebstrap

rm -rf "$1" "$1.new"
mkdir -p "$(dirname "$1")"
# shellcheck disable=SC2016 # mmdebstrap expands it
mmdebstrap --quiet --variant=extract \
    --include=libc-bin,coreutils,bash,util-linux,procps,passwd,login,sudo,tar,grep,sed,findutils,gzip,xz-utils \
    --include=ffmpeg,git,python3,postgresql,apache2,gdb,curl,openssh-server,openssh-client,nginx,redis,vim,tmux \
    --include=sqlite3,imagemagick,graphviz,subversion,perl,ruby,nodejs,iproute2,iputils-ping,dnsutils,gnupg,rsync \
    --dpkgopt='path-exclude=/usr/share/*' \
    --customize-hook='mkdir -p "$1/dev" && chroot "$1" /sbin/ldconfig' \
    bookworm "$1.new"
mv "$1.new" "$1"
