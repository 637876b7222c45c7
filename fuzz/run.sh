#!/usr/bin/env bash
# Fuzzes: `fuzz/run.sh [SECONDS] [TARGET…]`, by default 60 seconds for each target, one after
# another. New inputs go to target/fuzz/corpus, inputs that crash to target/fuzz/artifacts.
# JETTISON_FUZZ_RUNS=N runs N inputs in place of a time.
set -euo pipefail
cd "$(dirname "$0")/.."

host=$(rustc -vV | sed -n 's/^host: //p')
# Coverage as libFuzzer wants it. These flags are stable, so no nightly toolchain is needed.
flags=(-Cpasses=sancov-module
    -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares)
# With a target, build scripts and macros are built without coverage.
RUSTFLAGS="${flags[*]}" cargo build --locked --manifest-path fuzz/Cargo.toml --target "$host" \
    --target-dir target/fuzz/build
program=target/fuzz/build/$host/debug/jettison-fuzz

seconds=60
if [[ ${1-} =~ ^[0-9]+$ ]]; then
    seconds=$1
    shift
fi
if [ $# = 0 ]; then
    mapfile -t all < <(sed -n 's/^    ("\(.*\)", .*/\1/p' fuzz/src/targets/mod.rs)
    set -- "${all[@]}"
fi

fuzz/seeds.py target/fuzz/seeds
# Inputs are written to files that only this run needs.
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
status=0
for target; do
    corpus=target/fuzz/corpus/$target
    artifacts=target/fuzz/artifacts/$target
    mkdir -p "$corpus" "$artifacts" "fuzz/seeds/$target" "target/fuzz/seeds/$target"
    # Texts are as varied when they are short; files have headers and pages.
    case $target in
        elf | rpm | tar | zip) longest=65536 ;;
        *) longest=8192 ;;
    esac
    options=(-timeout=10 -rss_limit_mb=600 -max_len="$longest" -print_final_stats=1
        -artifact_prefix="$artifacts/" -max_total_time="$seconds")
    if [ -n "${JETTISON_FUZZ_RUNS-}" ]; then
        options+=(-seed=1 -runs="$JETTISON_FUZZ_RUNS")
    fi
    if [ -e "fuzz/dictionaries/$target.dict" ]; then
        options+=(-dict="fuzz/dictionaries/$target.dict")
    fi
    echo "== $target"
    JETTISON_FUZZ_TARGET=$target "$program" "${options[@]}" "$corpus" \
        "fuzz/seeds/$target" "target/fuzz/seeds/$target" || {
        echo "$target failed; the input is in $artifacts" >&2
        status=1
    }
done
exit $status
