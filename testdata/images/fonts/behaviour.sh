#!/bin/sh
# Prints the format and the height of the badges that the application in image $1 draws with a font that it names.
set -eu
. tests/e2e/behaviour.sh
start "$1"
eventually curl --silent --fail --output /dev/null http://127.0.0.1:8000/badge/hello
for text in hello harbour; do
    curl --silent "http://127.0.0.1:8000/badge/$text" | od --skip-bytes 1 --read-bytes 23 --address-radix n --format c
done
