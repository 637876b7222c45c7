#!/bin/sh
# Downloads wheels for Debian's Python into folder $1.
set -eu
[ -e "$1/complete" ] || python3 -m pip download --quiet --only-binary :all: --python-version 3.11 \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 --dest "$1" \
    django==4.2.16 djangorestframework==3.15.2 whitenoise==6.8.2 gunicorn==23.0.0
touch "$1/complete"
