#!/bin/sh
# Counts the bytes that `jettison slim` reads of an archive, with strace, beside the archive's size and what is kept.
# Usage: benches/reads.sh ARCHIVE… ; JETTISON is the program to measure (default: the release build).
set -eu
program=${JETTISON:-target/release/jettison}
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT

"$(dirname "$0")/../tests/tools.sh" strace python3
printf '| archive | bytes | kept | dry run reads | slim reads |\n|---|---:|---:|---:|---:|\n'

# The bytes that system calls read from the archive, by any thread: `-y` names the file of each descriptor.
bytes_read() {
    strace --follow-forks -y --quiet=all -e trace=read,pread64,readv,preadv,copy_file_range,sendfile,mmap \
        -o "$output/trace" "$@" >/dev/null
    python3 - "$output/trace" "$(realpath "$archive")" <<'END'
import re, sys
trace, archive = sys.argv[1:]
total = 0
for line in open(trace, errors="replace"):
    if f"<{archive}>" not in line:
        continue
    if "mmap(" in line:
        # A mapping counts with its whole length.
        total += int(re.search(r"mmap\(\w+, (\d+)", line)[1])
    elif result := re.search(r"= (\d+)$", line):
        total += int(result[1])
print(total)
END
}

for archive; do
    dry=$(bytes_read "$program" slim "docker-archive:$archive" --output "docker-archive:$output/slim.tar" --dry-run)
    slim=$(bytes_read "$program" slim "docker-archive:$archive" --output "docker-archive:$output/slim.tar" --force)
    kept=$(stat -c %s "$output/slim.tar")
    size=$(stat -c %s "$archive")
    python3 -c "print(f'| $(basename "$archive") | {$size/1e6:.0f} MB | {$kept/1e6:.0f} MB |' \
        f' {$dry/$size:.2f} x | {$slim/$size:.2f} x |')"
done
