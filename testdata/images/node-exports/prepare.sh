#!/bin/sh
# Installs npm packages and what they depend on into folder $1/node_modules.
set -eu
[ -e "$1/complete" ] || npm install --prefix "$1" --no-audit --no-fund --no-save --silent three@0.160.1
touch "$1/complete"
