#!/bin/sh
# Downloads wheels for Debian's Python into folder $1.
set -eu
[ -e "$1/complete" ] || python3 -m pip download --quiet --only-binary :all: --python-version 3.11 \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 --dest "$1" \
    pdf2image==1.17.0 pytesseract==0.3.13 pillow==10.4.0 python-magic==0.4.27
touch "$1/complete"
