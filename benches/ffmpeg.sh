#!/bin/sh
# Makes a docker archive with one large layer, without a container runtime: Debian bookworm with ffmpeg.
# Usage: benches/ffmpeg.sh [ARCHIVE] (default: target/bench/ffmpeg.tar); nothing is done where it is there.
set -eu
archive=${1:-target/bench/ffmpeg.tar}
[ -f "$archive" ] && exit
"$(dirname "$0")/../tests/tools.sh" mmdebstrap python3
mkdir -p "$(dirname "$archive")"
layer=$archive.layer.tar
trap 'rm -f "$layer"' EXIT

mmdebstrap --quiet --variant=apt --include=ffmpeg,ca-certificates bookworm "$layer" >&2
python3 - "$layer" "$archive" <<'END_OF_PYTHON'
import hashlib, io, json, sys, tarfile

layer, archive = sys.argv[1:]
with open(layer, "rb") as file:
    diff_id = hashlib.file_digest(file, "sha256").hexdigest()
config = json.dumps({
    "architecture": "amd64",
    "os": "linux",
    "config": {
        "Entrypoint": ["ffmpeg", "-version"],
        "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    },
    "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]},
    "history": [{"created_by": "mmdebstrap bookworm"}],
}).encode()
name = hashlib.sha256(config).hexdigest() + ".json"
manifest = json.dumps([{"Config": name, "RepoTags": ["localhost/ffmpeg:latest"], "Layers": [f"{diff_id}.tar"]}]).encode()


def add(tar, name, size, file):
    member = tarfile.TarInfo(name)
    member.size = size
    tar.addfile(member, file)


with tarfile.open(archive + ".new", "w") as tar, open(layer, "rb") as file:
    file.seek(0, 2)
    size = file.tell()
    file.seek(0)
    add(tar, f"{diff_id}.tar", size, file)
    add(tar, name, len(config), io.BytesIO(config))
    add(tar, "manifest.json", len(manifest), io.BytesIO(manifest))
END_OF_PYTHON
mv "$archive.new" "$archive"
