#!/usr/bin/env python3
"""Proves that a scanner names just the packages that remain: remaining.py ORIGINAL SLIMMED SYFT.json

Both images are `dir:` copies made by skopeo. Which Debian package a file is of, dpkg's own lists in the original tell."""

import json
import pathlib
import posixpath
import sys
import tarfile

from unchanged import flatten, layers, text

INFO = "var/lib/dpkg/info/"


def lists(image):
    """Package, with its architecture where dpkg writes it, to the paths in its list; the highest layer wins."""
    found = {}
    for blob in layers(image):
        with tarfile.open(blob) as layer:
            for entry in layer:
                name = entry.name.removeprefix("./")
                if name.startswith(INFO) and name.endswith(".list") and entry.isfile():
                    found[name[len(INFO) : -5]] = layer.extractfile(entry).read().decode().split("\n")
    return found


def installed(image):
    """(package, architecture) to version."""
    found = {}
    for paragraph in text(image, "var/lib/dpkg/status").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.split("\n") if ": " in line and line[0] != " ")
        if fields.get("Status", "").endswith(" installed"):
            found[fields["Package"], fields["Architecture"]] = fields["Version"]
    return found


def real(tree, path):
    """The path with the links of the first folder followed: `/lib` is `/usr/lib` by now."""
    first, _, rest = path.strip("/").partition("/")
    link = tree[first][1]["link"] if first in tree else None
    return posixpath.join(link.strip("/"), rest) if link and rest else path.strip("/")


def remaining(image, slimmed):
    before, now = flatten(image), flatten(slimmed)
    versions, paths = installed(image), lists(image)
    for (name, architecture), version in versions.items():
        mine = paths.get(name) or paths.get(f"{name}:{architecture}") or []
        parents = {posixpath.dirname(path) for path in mine}
        files = (real(before, path) for path in mine if path not in parents)
        if any(file in now and now[file][1]["type"] != tarfile.DIRTYPE for file in files):
            yield name, version


def main():
    original, slimmed = (pathlib.Path(argument) for argument in sys.argv[1:3])
    found = json.loads(pathlib.Path(sys.argv[3]).read_text())["artifacts"]
    found = {(item["name"], item["version"]) for item in found if item["type"] == "deb"}
    expected = set(remaining(original, slimmed))
    for name, version in sorted(expected - found):
        print(f"{name} {version} is not found")
    for name, version in sorted(found - expected):
        print(f"{name} {version} is found, but nothing of it remains")
    print(f"{len(found)} packages, {len(installed(original))} before")
    sys.exit(found != expected or not found)


main()
