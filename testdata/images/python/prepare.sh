#!/bin/sh
# Downloads wheels for Debian's Python into folder $1.
set -eu
[ -e "$1/complete" ] || python3 -m pip download --quiet --only-binary :all: --python-version 3.11 \
    --platform manylinux2014_x86_64 --dest "$1" numpy==1.26.4 cryptography==43.0.3 pydantic==2.9.2 jinja2==3.1.4 \
    requests==2.32.3
touch "$1/complete"
