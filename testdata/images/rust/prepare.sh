#!/bin/sh
# Compiles program.rs into folder $1.
set -eu
rustc --edition 2021 -C opt-level=1 -o "$1/program" "$(dirname "$0")/program.rs"
