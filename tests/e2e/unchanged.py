#!/usr/bin/env python3
"""Proves that everything in a slimmed image is as it was in the original: unchanged.py ORIGINAL SLIMMED [GONE...]

Both images are `dir:` copies made by skopeo; the paths GONE must be in the original only. Shares no code with jettison:
layers are read by Python's tarfile and stacked here."""

import hashlib
import json
import pathlib
import sys
import tarfile

RECORDS = "var/lib/dpkg/status.d/"
MAY_CHANGE = {"rootfs", "history"}  # of the image's configuration: what the layers are


def blob(image, descriptor):
    return image / descriptor["digest"].partition(":")[2]


def configuration(image):
    manifest = json.loads((image / "manifest.json").read_text())
    return json.loads(blob(image, manifest["config"]).read_text())


def layers(image):
    manifest = json.loads((image / "manifest.json").read_text())
    return [blob(image, layer) for layer in manifest["layers"]]


def describe(layer, entry):
    """Everything about an entry but its name. A hard link is described by what it links to."""
    content = layer.extractfile(entry) if entry.isfile() else None
    return {
        "type": entry.type,
        "mode": oct(entry.mode & 0o7777),  # some writers repeat the type above these bits
        "owner": (entry.uid, entry.gid),
        "mtime": entry.pax_headers.get("mtime", entry.mtime),
        "bytes": content and hashlib.sha256(content.read()).hexdigest(),
        "link": entry.linkname if entry.issym() else None,
        "device": (entry.devmajor, entry.devminor) if entry.isdev() else None,
        "xattrs": {key: value for key, value in entry.pax_headers.items() if key.startswith("SCHILY.xattr.")},
    }


def remove_below(tree, folder):
    for path in [path for path in tree if path.startswith(folder + "/")]:
        del tree[path]


def apply(tree, number, layer):
    """Lays one layer over the tree: path to (inode, description). Whiteouts hide lower layers only, so they go first."""
    entries = [(entry.name.removeprefix("./").strip("/"), entry) for entry in layer.getmembers()]
    for path, _ in entries:
        folder, _, name = path.rpartition("/")
        if name == ".wh..wh..opq":
            remove_below(tree, folder)
        elif name.startswith(".wh."):
            hidden = f"{folder}/{name[4:]}".lstrip("/")
            tree.pop(hidden, None)
            remove_below(tree, hidden)
    for path, entry in entries:
        if path.rpartition("/")[2].startswith(".wh.") or path in ("", "."):
            continue
        if not entry.isdir() and path in tree and tree[path][1]["type"] == tarfile.DIRTYPE:
            remove_below(tree, path)
        if entry.islnk():
            tree[path] = tree[entry.linkname.removeprefix("./").strip("/")]
        else:
            tree[path] = ((number, entry.offset), describe(layer, entry))


def flatten(image):
    tree = {}
    for number, path in enumerate(layers(image)):
        with tarfile.open(path) as layer:
            apply(tree, number, layer)
    return tree


def names_by_inode(tree, paths):
    """The sets of names that are one file, of the given paths only."""
    names = {}
    for path in sorted(paths):
        names.setdefault(tree[path][0], []).append(path)
    return sorted(names.values())


def text(image, path):
    """The content of a file of the highest layer that has it."""
    for blob in reversed(layers(image)):
        with tarfile.open(blob) as layer:
            for entry in layer:
                if entry.name.removeprefix("./") == path and entry.isfile():
                    return layer.extractfile(entry).read().decode()
    return ""


def is_record(path):
    """What jettison makes for scanners, and the folders of that."""
    return path.startswith(RECORDS) or RECORDS.startswith(path + "/")


def wrong_records(original, slimmed, paths):
    """Records must stand in the original's database, word for word."""
    paragraphs = set(text(original, "var/lib/dpkg/status").split("\n\n"))
    for path in (path for path in paths if path.startswith(RECORDS) and not path.endswith(".md5sums")):
        if text(slimmed, path).rstrip("\n") not in paragraphs:
            yield f"/{path}: no paragraph of the original's database"


def differences(original, slimmed):
    for path, (_, now) in sorted(slimmed.items()):
        if path not in original:
            if is_record(path):
                continue
            yield f"/{path}: not in the original"
            continue
        before = original[path][1]
        for key in before:
            if before[key] != now[key]:
                yield f"/{path}: {key} was {before[key]}, is {now[key]}"
        parent = path.rpartition("/")[0]
        if parent and parent not in slimmed:
            yield f"/{path}: its directory has no entry"
    common = original.keys() & slimmed.keys()
    if names_by_inode(original, common) != names_by_inode(slimmed, common):
        yield "hard links are not the same"


def not_gone(original, slimmed, paths):
    for path in paths:
        if path.strip("/") not in original:
            yield f"{path}: was not in the original"
        if path.strip("/") in slimmed:
            yield f"{path}: is still there"


def configuration_differences(original, slimmed):
    for key in sorted(original.keys() | slimmed.keys()):
        if key not in MAY_CHANGE and original.get(key) != slimmed.get(key):
            yield f"configuration: {key} was {original.get(key)}, is {slimmed.get(key)}"


def main():
    original, slimmed = (pathlib.Path(argument) for argument in sys.argv[1:3])
    before, now = flatten(original), flatten(slimmed)
    found = [
        *differences(before, now),
        *wrong_records(original, slimmed, now),
        *not_gone(before, now, sys.argv[3:]),
        *configuration_differences(configuration(original), configuration(slimmed)),
    ]
    print("\n".join(found[:50]) or f"{len(now)} of {len(before)} entries kept, all unchanged")
    sys.exit(bool(found) or not now)


if __name__ == "__main__":
    main()
