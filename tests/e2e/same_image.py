#!/usr/bin/env python3
"""Proves that a slimmed image and its rest hold what the original does, header by header: same_image.py ORIGINAL REST

Both are `dir:` copies made by skopeo with uncompressed layers. Prints the size of all layers of the second, which are those of
the slimmed image and of the rest, in percent of the first. More than 101% is an error; files of which the slimmed image has
some hard links but not all must be in both, so they do not count. Shares no code with jettison, as unchanged.py."""

import pathlib
import sys
import tarfile

import unchanged

MOST = 101


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


def configuration_differences(before, now):
    for key in sorted(before.keys() | now.keys()):
        if key not in unchanged.MAY_CHANGE and before.get(key) != now.get(key):
            yield f"configuration: {key} was {before.get(key)}, is {now.get(key)}"


def size(image):
    return sum(path.stat().st_size for path in unchanged.layers(image))


def linked_twice(image):
    """The bytes of files that the top layer has with more names than the layers below it."""
    *below, top = unchanged.layers(image)
    known = set()
    for path in below:
        with tarfile.open(path) as layer:
            known.update(entry.name for entry in layer if not entry.isdir())
    with tarfile.open(top) as layer:
        again = {}
        for entry in layer:
            first = entry.linkname if entry.islnk() else entry.name
            if entry.name in known and not entry.isdir():
                again[first] = layer.getmember(first).size
    return sum(again.values())


def main():
    original, rest = (pathlib.Path(argument) for argument in sys.argv[1:3])
    before, now = unchanged.flatten(original), unchanged.flatten(rest)
    found = [
        *differences(before, now),
        *configuration_differences(unchanged.configuration(original), unchanged.configuration(rest)),
    ]
    once, total, twice = size(original), size(rest), linked_twice(rest)
    percent = 100 * (total - twice) / once
    print("\n".join(found[:50]) or f"{len(now)} entries, all the same")
    print(f"{total} of {once} bytes, {100 * total / once:.2f}%; {twice} bytes with hard links in both, {percent:.2f}% without")
    sys.exit(bool(found) or not now or percent > MOST)


main()
