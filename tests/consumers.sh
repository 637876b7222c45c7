#!/bin/sh
# Lets programs that others read reports with read ours, and compares what they found with our JSON: junitparser,
# sarif-tools, lxml, and Python's own readers of JSON. Needs Python and PyPI.
set -eu
cd "$(dirname "$0")/.."
repository=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --quiet
program="${CARGO_TARGET_DIR:-$repository/target}/debug/jettison"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    junitparser==5.0.3 sarif-tools==3.0.5 lxml==6.1.3

mkdir -p "$work/project/a b"
printf 'FROM debian:latest AS a\nRUN apt-get update && sudo ls "<&>"\nADD a /b\nFROM a\nENV PASSWORD="]]>%%,:"\nEXPOSE 80/TCP 99999\n' \
    >"$work/project/Dockerfile"
printf 'FROM scratch\nADD x /ü\nMAINTAINER ::error::x\n' >"$work/project/a b/ü.Dockerfile"
printf 'FROM scratch\nCOPY app /app\nUSER 1000\nENTRYPOINT ["/app"]\n' >"$work/project/clean.Dockerfile"
cd "$work/project"
formats=""
for format in json jsonl sarif gitlab codeclimate checkstyle junit sonarqube github compact markdown; do
    formats="$formats --format $format=$work/report.$format"
done
# shellcheck disable=SC2086 # They are many words.
"$program" lint --no-config --no-shellcheck --profile pedantic $formats && status=0 || status=$?
[ "$status" = 1 ] || { echo "consumers: the exit status is $status, and there are findings" >&2; exit 1; }
"$work/venv/bin/sarif" summary "$work/report.sarif" >"$work/summary"
"$work/venv/bin/python" "$repository/tests/consumers.py" "$work"
