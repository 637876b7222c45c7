#!/bin/sh
# Unpacks Debian packages with some hundreds of programs into directory $1, once.
#
# Nothing of them runs but `ldconfig`: packages are extracted, not configured, which takes a third of the time.
set -eu
[ -e "$1/etc/ld.so.cache" ] && exit 0
"$(dirname "$0")/../tools.sh" mmdebstrap

rm -rf "$1" "$1.new"
mkdir -p "$(dirname "$1")"
mmdebstrap --quiet --variant=extract \
    --include=libc-bin,coreutils,bash,util-linux,procps,passwd,login,sudo,tar,grep,sed,findutils,gzip,xz-utils \
    --include=ffmpeg,git,python3,postgresql,apache2,gdb,curl,openssh-server,openssh-client,nginx,redis,vim,tmux \
    --include=sqlite3,imagemagick,graphviz,subversion,perl,ruby,nodejs,iproute2,iputils-ping,dnsutils,gnupg,rsync \
    --dpkgopt='path-exclude=/usr/share/*' \
    bookworm "$1.new"
# What the packages would set up: the alternatives that libraries are found through, and the cache.
libraries=$1.new/usr/lib/$(uname -m)-linux-gnu
ln -s blas/libblas.so.3 lapack/liblapack.so.3 "$libraries"
chroot "$1.new" /sbin/ldconfig
mv "$1.new" "$1"
