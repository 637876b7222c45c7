#!/bin/sh
# Downloads wheels for Debian's Python into folder $1.
set -eu
[ -e "$1/complete" ] || python3 -m pip download --quiet --only-binary :all: --python-version 3.11 \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 --dest "$1" \
    flask==3.0.3 gunicorn==23.0.0 honcho==2.0.0
touch "$1/complete"
