#!/usr/bin/env python3
"""Removes files that a slimmed image needs, one at a time, and counts how many of them `jettison verify` names.

    losses.py [--files N] [--tries N] [--seed N] [IMAGE...]

Takes the archives that `make e2e` left. Candidates are the files that the behavior test opens, in random order; one counts
if the test fails without it. Prints a row for each image: how many losses `verify` names, how many only `verify --against
ORIGINAL` does, and every file that neither names. It fails if fewer than 95% are named."""

import argparse
import hashlib
import io
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tarfile

WORK = pathlib.Path(os.environ.get("JETTISON_ARCHIVES", "target/tmp/e2e"))
# What the script writes: archives with a file less, and the runtime that takes the place of crun.
OWN = pathlib.Path("target/tmp/losses")
CASES = pathlib.Path("testdata/images")
JETTISON = os.environ.get("JETTISON_BINARY", "target/release/jettison")
# Records for scanners are no part of the program.
NOT_PLANTED = "var/lib/dpkg/status.d/"

# Takes the place of the runtime and starts containers under strace.
TRACING = """#!/bin/sh
case " $* " in
    *" create "*) set -- strace -D -f -qq -y -z -e trace=open,openat,execve -o {folder}/opened --output-append-mode crun "$@" ;;
    *) set -- crun "$@" ;;
esac
exec "$@"
"""
# Takes the place of the runtime and removes a file from each container before it starts.
REMOVING = """#!/usr/bin/env python3
import json, os, sys
if "create" in sys.argv:
    bundle = sys.argv[sys.argv.index("--bundle") + 1]
    with open(bundle + "/config.json") as settings:
        root = json.load(settings)["root"]["path"]
    # Other containers of the test may not have the file.
    if os.path.lexists(root + {path!r}):
        os.remove(root + {path!r})
os.execvp("crun", ["crun", *sys.argv[1:]])
"""
PODMAN = """#!/bin/sh
exec {podman} --runtime {folder}/runtime "$@"
"""


def podman(*arguments):
    return subprocess.run(["tests/e2e/sandbox.sh", "podman", *arguments], capture_output=True, text=True)


class Archive:
    """A slimmed image: a docker archive with one layer."""

    def __init__(self, path):
        self.path = path
        with tarfile.open(path) as archive:
            self.manifest = json.load(archive.extractfile("manifest.json"))
            self.config = json.load(archive.extractfile(self.manifest[0]["Config"]))
            self.files = sorted({path for layer in self.manifest[0]["Layers"] for path in files_of(archive, layer)})

    def without(self, path, destination):
        """Writes the image with one more layer, which hides a file."""
        folder, _, last = path.rpartition("/")
        layer = archive_of({f"{folder}/.wh.{last}".lstrip("/"): b""})
        config = json.loads(json.dumps(self.config))
        config["rootfs"]["diff_ids"].append("sha256:" + hashlib.sha256(layer).hexdigest())
        if "history" in config:
            config["history"].append({"created_by": "a planted loss"})
        manifest = {"Config": "config.json", "RepoTags": [], "Layers": [*self.manifest[0]["Layers"], "loss.tar"]}
        more = {"config.json": json.dumps(config), "manifest.json": json.dumps([manifest])}
        with tarfile.open(self.path) as before, tarfile.open(destination, "w") as after:
            for entry in before:
                if entry.name in self.manifest[0]["Layers"] or entry.issym():
                    after.addfile(entry, before.extractfile(entry) if entry.isfile() else None)
            for entry, text in {**more, "loss.tar": layer}.items():
                add(after, entry, text if isinstance(text, bytes) else text.encode())


def files_of(archive, layer):
    with tarfile.open(fileobj=archive.extractfile(layer)) as entries:
        for entry in entries:
            if entry.isreg() and not entry.name.startswith(NOT_PLANTED):
                yield entry.name.removeprefix("./").lstrip("/")


def add(archive, name, content):
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def archive_of(files):
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as archive:
        for name, content in files.items():
            add(archive, name, content)
    return output.getvalue()


class Stage:
    """Runs the behavior test of an image with a stand-in for the runtime."""

    def __init__(self, case, image):
        self.case, self.image = case, image
        self.folder = (OWN / case / "runtime").absolute()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        # podman passes no environment to the runtime, so the paths are written into both scripts.
        self.install("podman", PODMAN, podman=shutil.which("podman"))

    def install(self, name, text, **values):
        script = self.folder / name
        script.write_text(text.format(folder=self.folder, **values))
        script.chmod(0o755)

    def behaves(self):
        script = ["timeout", "90", "tests/e2e/sandbox.sh", str(CASES / self.case / "behaviour.sh"), self.image]
        environment = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"}
        done = subprocess.run(script, capture_output=True, text=True, errors="replace", env=environment)
        return done.returncode == 0 and done.stdout == (CASES / self.case / "behaviour.txt").read_text()

    def opened(self):
        """The paths that the containers open or execute, without leading slash."""
        self.install("runtime", TRACING)
        if not self.behaves():
            print(f"{self.case}: its test fails under strace", file=sys.stderr)
        text = (self.folder / "opened").read_text(errors="replace")
        matches = re.findall(r"= \d+<(/[^>]*)>$|execve\(\"(/[^\"]*)", text, re.M)
        return {path.lstrip("/") for pair in matches for path in pair}

    def behaves_without(self, path):
        self.install("runtime", REMOVING, path=f"/{path}")
        return self.behaves()


def verify(image, *more):
    done = subprocess.run([JETTISON, "verify", f"docker-archive:{image}", *more], capture_output=True, text=True)
    return set((done.stdout + done.stderr).splitlines())


def reports(image, original):
    """The lines that are reported without the original, and with it."""
    yield verify(image)
    yield verify(image, "--against", f"docker-archive:{original}")


def names_loss(lines, path):
    """Whether a line has the name of a file, or that of a library without its version: `libz.so` for `libz.so.1.2.13`."""
    name = path.rpartition("/")[2]
    library = re.match(r".+\.so(?=\.|$)", name)
    return any((library[0] if library else name) in line for line in lines)


def plant(case, arguments):
    """The files whose loss breaks the image: those that are named without the original, with it only, and never."""
    folder = WORK / case
    slimmed, original, broken = folder / "slimmed.tar", folder / "original.tar", OWN / case / "broken.tar"
    broken.parent.mkdir(parents=True, exist_ok=True)
    archive = Archive(slimmed)
    before = set().union(*reports(slimmed, original))
    loaded = podman("load", "--quiet", "--input", str(slimmed)).stdout
    stage = Stage(case, loaded.strip().removeprefix("Loaded image: "))
    candidates = sorted(stage.opened() & set(archive.files))
    random.Random(f"{arguments.seed} {case}").shuffle(candidates)
    losses = [], [], []
    for path in candidates[: arguments.tries]:
        if not stage.behaves_without(path):
            archive.without(path, broken)
            naming = (names_loss(lines - before, path) for lines in reports(broken, original))
            losses[0 if next(naming) else 1 if next(naming) else 2].append(path)
        if sum(map(len, losses)) == arguments.files:
            break
    broken.unlink(missing_ok=True)
    shutil.rmtree(stage.folder)
    return losses


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--tries", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("images", nargs="*")
    arguments = parser.parse_args()
    cases = arguments.images or sorted(path.parent.name for path in WORK.glob("*/slimmed.tar"))
    all_named = all_planted = 0
    for case in cases:
        alone, compared, unnamed = plant(case, arguments)
        named = len(alone) + len(compared)
        planted = named + len(unnamed)
        print(f"{case}: {named} of {planted} losses are named, {len(alone)} without the original", *unnamed, sep="\n  ", flush=True)
        all_named, all_planted = all_named + named, all_planted + planted
    print(f"all: {all_named} of {all_planted} losses are named")
    sys.exit(all_named < 0.95 * all_planted)


if __name__ == "__main__":
    main()
