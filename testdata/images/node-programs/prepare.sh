#!/bin/sh
# Installs npm packages and what they depend on into folder $1/node_modules.
set -eu
[ -e "$1/complete" ] || npm install --prefix "$1" --no-audit --no-fund --no-save --silent fluent-ffmpeg@2.1.3 shelljs@0.8.5 simple-git@3.27.0
touch "$1/complete"
