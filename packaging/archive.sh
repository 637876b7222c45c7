#!/bin/sh
# Writes the archive of a release, with its digest beside it. The same program results in the same archive.
#
#     packaging/archive.sh PROGRAM TARGET DIRECTORY
set -eu
program=$1 target=$2 directory=$3
here=$(dirname "$0")
name="jettison-$(python3 "$here/targets.py" --version)-$target"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/$name/bin" "$directory"
install -m 755 "$program" "$work/$name/bin/jettison"
"$here/share.sh" "$program" "$work/$name"
# GNU tar and the tar of macOS differ in their options, but Python is on both.
python3 - "$work" "$name" "$directory/$name.tar.gz" <<'PYTHON'
import gzip
import os
import sys
import tarfile

os.chdir(sys.argv[1])


def plain(entry):
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    entry.mode = 0o755 if entry.mode & 0o100 else 0o644
    return entry


with open(sys.argv[3], "wb") as file, gzip.GzipFile("", "wb", 9, file, 0) as packed:
    with tarfile.open(fileobj=packed, mode="w") as archive:
        # `add` sorts the entries of a directory.
        archive.add(sys.argv[2], filter=plain)
PYTHON
cd "$directory"
if command -v sha256sum >/dev/null; then
    sha256sum "$name.tar.gz" >"$name.tar.gz.sha256"
else
    shasum -a 256 "$name.tar.gz" >"$name.tar.gz.sha256"
fi
