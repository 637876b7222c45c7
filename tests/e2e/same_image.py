#!/usr/bin/env python3
"""Proves that a slimmed image and its rest hold what the original does, header by header: same_image.py ORIGINAL REST

Both are `dir:` copies made by skopeo with uncompressed layers. Prints the size of all layers of the second, which are those of
the slimmed image and of the rest, in percent of the first. More than 101% is an error. Shares no code with jettison, as
unchanged.py."""

import pathlib
import sys

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


def main():
    original, rest = (pathlib.Path(argument) for argument in sys.argv[1:3])
    before, now = unchanged.flatten(original), unchanged.flatten(rest)
    found = [
        *differences(before, now),
        *configuration_differences(unchanged.configuration(original), unchanged.configuration(rest)),
    ]
    once, total = size(original), size(rest)
    percent = 100 * total / once
    print("\n".join(found[:50]) or f"{len(now)} entries, all the same")
    print(f"{total} of {once} bytes, {percent:.2f}%")
    sys.exit(bool(found) or not now or percent > MOST)


main()
