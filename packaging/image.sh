#!/bin/sh
# Writes the context of packaging/Dockerfile.
#
#     packaging/image.sh DIRECTORY PLATFORM=PROGRAM...
set -eu
directory=$1
shift
mkdir -p "$directory"
for argument in "$@"; do
    platform=${argument%%=*}
    mkdir -p "$directory/$platform"
    cp "${argument#*=}" "$directory/$platform/jettison"
done
cp "${CERTIFICATES:-/etc/ssl/certs/ca-certificates.crt}" "$directory/ca-certificates.crt"
cp "$(dirname "$0")/Dockerfile" "$directory/Dockerfile"
