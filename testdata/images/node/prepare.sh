#!/bin/sh
# Downloads npm packages, one of them with an addon in machine code, into folder $1/node_modules.
set -eu
[ -e "$1/complete" ] && exit
mkdir -p "$1/node_modules"
for each in bufferutil@4.0.8 node-gyp-build@4.8.2 ws@8.18.0 chalk@5.3.0 ms@2.1.3; do
    archive=$(cd "$1" && npm pack --silent "$each")
    mkdir -p "$1/node_modules/${each%@*}"
    tar --extract --file "$1/$archive" --strip-components 1 --directory "$1/node_modules/${each%@*}"
done
touch "$1/complete"
