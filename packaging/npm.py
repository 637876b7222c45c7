#!/usr/bin/env python3
"""Writes the packages for npm: one for each platform with its program, and one that depends on all of them.

    packaging/npm.py DIRECTORY RELEASE...

RELEASE is the directory of an unpacked archive, `jettison-VERSION-TARGET`. npm installs only the package of the
platform that it runs on, by the keys `os` and `cpu`.
"""

import json
import shutil
import sys
from pathlib import Path

from targets import ROOT, targets, version

COMMON = {
    "version": version(),
    "license": "MIT OR Apache-2.0",
    "description": "Lints Dockerfiles and images, and slims images down to the files that their programs need",
}


def name(target):
    return f"jettison-{target['npm']['os']}-{target['npm']['cpu']}"


def write(directory, package):
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "package.json").write_text(json.dumps(package, indent=2) + "\n")
    for license in ("LICENSE-APACHE", "LICENSE-MIT"):
        shutil.copy(ROOT / license, directory)


def platform(directory, target, release):
    """The package with the program of a platform."""
    package = COMMON | {"name": name(target), "os": [target["npm"]["os"]], "cpu": [target["npm"]["cpu"]]}
    # Without it, package managers that keep packages in archives could not start the program.
    package["preferUnplugged"] = True
    write(directory / name(target), package)
    (directory / name(target) / "bin").mkdir(exist_ok=True)
    shutil.copy(release / "bin/jettison", directory / name(target) / "bin/jettison")


def main_package(directory, release):
    """The package that users name: a launcher, manual pages and completions."""
    package = COMMON | {
        "name": "jettison",
        "keywords": ["dockerfile", "linter", "container", "slim"],
        "bin": {"jettison": "bin/jettison.js"},
        "engines": {"node": ">=18"},
        "optionalDependencies": {name(target): version() for target in targets() if "npm" in target},
    }
    pages = sorted((release / "share/man/man1").iterdir())
    package["man"] = [f"./share/man/man1/{page.name}" for page in pages]
    write(directory / "jettison", package)
    (directory / "jettison/bin").mkdir(exist_ok=True)
    shutil.copy(ROOT / "packaging/npm/jettison.js", directory / "jettison/bin/jettison.js")
    shutil.copy(ROOT / "README.md", directory / "jettison/README.md")
    shutil.copytree(release / "share", directory / "jettison/share", dirs_exist_ok=True)


def main():
    directory, *releases = map(Path, sys.argv[1:])
    programs = {release.name.removeprefix(f"jettison-{version()}-"): release for release in releases}
    for target in targets():
        if "npm" in target and target["rust"] in programs:
            platform(directory, target, programs[target["rust"]])
    # The pages are the same on every platform.
    main_package(directory, releases[0])


if __name__ == "__main__":
    main()
