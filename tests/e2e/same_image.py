#!/usr/bin/env python3
"""Proves that two docker archives hold the same files, header by header: same_image.py ORIGINAL REST

Prints the size of the second in percent of the first, which is the total of a slimmed image and its rest. Fails above the
percentage in MOST, if that is set. Shares no code with jettison: layers are read by Python's tarfile and stacked here."""

import json
import os
import sys
import tarfile

import unchanged

MAY_CHANGE = {"rootfs", "history"}


def read(path):
    """The tree, the configuration and the bytes of all layers of a docker archive."""
    tree, size = {}, 0
    with tarfile.open(path) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))[0]
        config = json.load(archive.extractfile(manifest["Config"]))
        for number, name in enumerate(manifest["Layers"]):
            member = archive.getmember(name)
            while member.issym() or member.islnk():
                member = archive.getmember(os.path.normpath(os.path.join(os.path.dirname(member.name), member.linkname)))
            size += member.size
            with tarfile.open(fileobj=archive.extractfile(member)) as layer:
                unchanged.apply(tree, number, layer)
    return tree, config, size


def differences(before, now):
    for path in sorted(before.keys() ^ now.keys()):
        yield f"/{path}: only in the {'original' if path in before else 'rest'}"
    for path in sorted(before.keys() & now.keys()):
        one, other = before[path][1], now[path][1]
        for key in one:
            if one[key] != other[key]:
                yield f"/{path}: {key} was {one[key]}, is {other[key]}"
    if unchanged.names_by_inode(before, before) != unchanged.names_by_inode(now, now):
        yield "hard links are not the same"


def main():
    (before, config, size), (now, config_now, size_now) = (read(path) for path in sys.argv[1:3])
    found = list(differences(before, now))
    for key in sorted(config.keys() | config_now.keys()):
        if key not in MAY_CHANGE and config.get(key) != config_now.get(key):
            found.append(f"configuration: {key} was {config.get(key)}, is {config_now.get(key)}")
    percent = 100 * size_now / size
    print("\n".join(found[:50]) or f"{len(now)} entries, all the same; {size_now} of {size} bytes, {percent:.2f}%")
    sys.exit(bool(found) or not now or percent > float(os.environ.get("MOST", "inf")))


main()
