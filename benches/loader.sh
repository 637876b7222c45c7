#!/bin/sh
# Times `jettison deps` beside libtree, ldd and lddtree, in one Debian root directory: one large program, then all.
set -eu
cd "$(dirname "$0")/.."
root=$PWD/target/loader/debian
tools=target/lddtree/bin
bench=$root/bench

tests/tools.sh hyperfine libtree python3 chroot
tests/deps/root.sh "$root"
[ -x "$tools/lddtree" ] || cargo install --quiet lddtree --root target/lddtree

mkdir -p "$bench"
# The same list for all of them, read by none from a pipe; lddtree takes one program at a time.
target/release/jettison deps "rootfs:$root" --format json |
    python3 -c 'import json, sys; [print(row["program"]) for row in json.load(sys.stdin) if "loader" in row]' >"$bench/list"
cp target/release/jettison "$tools/lddtree" "$(command -v libtree)" "$bench"
cat >"$bench/each" <<'SCRIPT'
#!/bin/bash
for program in $(cat /bench/list); do /bench/lddtree "$program"; done
SCRIPT
chmod +x "$bench/each"

# Not every tool finds every library. libtree shows what a library needs at its first program only; with -vvv at each.
compare() {
    runs=$1
    shift
    hyperfine --warmup 3 --runs "$runs" --ignore-failure --shell none --export-json "$bench/times.json" --style none "$@" \
        >/dev/null 2>&1
    python3 - "$bench/times.json" <<'SCRIPT'
import json, sys
for result in json.load(open(sys.argv[1]))["results"]:
    print(f'  {result["command"]:<27} {result["median"] * 1000:9.1f} ms')
SCRIPT
}

inside="chroot $root"
echo "ffmpeg, $(target/release/jettison deps "rootfs:$root" ffmpeg --format paths | wc -l) files, median of 50"
compare 50 --command-name jettison "$inside /bench/jettison deps rootfs:/ /usr/bin/ffmpeg" \
    --command-name libtree "$inside /bench/libtree -vv /usr/bin/ffmpeg" \
    --command-name ldd "$inside /usr/bin/ldd /usr/bin/ffmpeg" \
    --command-name lddtree "$inside /bench/lddtree /usr/bin/ffmpeg"

echo "$(wc -l <"$bench/list") programs by name, median of 10"
programs=$(tr '\n' ' ' <"$bench/list")
compare 10 --command-name jettison "$inside /bench/jettison deps rootfs:/ $programs" \
    --command-name libtree "$inside /bench/libtree -vv $programs" \
    --command-name 'libtree, all needs of each' "$inside /bench/libtree -vvv $programs"
compare 3 --command-name ldd "$inside /usr/bin/ldd $programs" --command-name lddtree "$inside /bench/each"

echo "all programs, found by jettison itself, median of 10"
compare 10 --command-name jettison "$inside /bench/jettison deps rootfs:/"
rm -r "$bench"
