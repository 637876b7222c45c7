#!/usr/bin/env python3
"""Observes images of the last `make e2e`, slims them to what was observed, and runs their tests again.

    tests/e2e/observed.py [NAME...]

Prints a line for each image: bytes of the original, of the default plan, of the plan with `--keep-level observed`, of the files
that the observed programs used in any way, and of those that they opened or executed; then the sums. A test that fails with the
slimmed image is a failure, and so are plans that together are larger than 1.1 times the files that were opened or executed.
"""

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

JETTISON = os.environ.get("JETTISON_BINARY", "target/debug/jettison")
ARCHIVES = Path(os.environ.get("JETTISON_ARCHIVES", "target/tmp/e2e"))
BOUND = 1.1
OPENED = ("executed", "opened")
USED = (*OPENED, "listed", "looked_up")


def sandboxed(*words):
    return subprocess.run(["tests/e2e/sandbox.sh", *words], capture_output=True, text=True, check=False)


class Tree:
    """The names of an image, and where a path leads."""

    def __init__(self, archive):
        self.links, self.sizes = {}, {}
        with tarfile.open(archive) as tar:
            manifest = json.load(tar.extractfile("manifest.json"))[0]
            for layer in manifest["Layers"]:
                self.add(tar.extractfile(layer))

    def add(self, layer):
        with tarfile.open(fileobj=layer) as tar:
            for entry in tar:
                path = "/" + entry.name.strip("./").removeprefix("/")
                self.links.pop(path, None)
                if entry.issym():
                    self.links[path] = entry.linkname
                elif entry.islnk():
                    target = "/" + entry.linkname.strip("./")
                    self.sizes[path] = (self.sizes.get(target, (0, target))[0], target)
                elif entry.isfile():
                    self.sizes[path] = (entry.size, path)

    def resolve(self, path, depth=0):
        done = []
        parts = [part for part in path.split("/") if part not in ("", ".")]
        for index, part in enumerate(parts):
            if part == "..":
                done = done[:-1]
                continue
            here = "/" + "/".join([*done, part])
            if here in self.links and depth < 40:
                rest = "/".join(parts[index + 1 :])
                target = self.links[here]
                start = "" if target.startswith("/") else "/" + "/".join(done) + "/"
                return self.resolve(f"{start}{target}/{rest}", depth + 1)
            done.append(part)
        return "/" + "/".join(done)

    def bytes_of(self, paths):
        found = {}
        for path in paths:
            size = self.sizes.get(self.resolve(path))
            if size:
                found[size[1]] = size[0]
        return sum(found.values())


def content(archive):
    with tarfile.open(archive) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))[0]
        total = 0
        for layer in manifest["Layers"]:
            with tarfile.open(fileobj=tar.extractfile(layer)) as inner:
                total += sum(entry.size for entry in inner if entry.isfile())
        return total


def check(name, folder):
    """The sizes of an image, and the reason why it fails."""
    original = ARCHIVES / name / "original.tar"
    script = f"testdata/images/{name}/behaviour.sh"
    expected = Path(f"testdata/images/{name}/behaviour.txt").read_text()
    record, slim = f"{folder}/{name}.observed", f"{folder}/{name}.tar"
    observed = sandboxed(JETTISON, "observe", f"docker-archive:{original}", "-o", record, "--no-container", "--engine=podman", "--", script)
    if observed.returncode:
        return None, f"observe: {observed.stdout}{observed.stderr}"
    words = ["--observed", record, "--keep-level", "observed", "--tag", f"localhost/observed-{name}:1"]
    slimmed = sandboxed(JETTISON, "slim", f"docker-archive:{original}", "-o", slim, *words)
    if slimmed.returncode:
        return None, f"slim: {slimmed.stdout}{slimmed.stderr}"
    default = ARCHIVES / name / "slimmed.tar"
    rows, tree = json.loads(Path(record).read_text())["paths"], Tree(original)
    used, opened = (tree.bytes_of(row["path"] for row in rows if any(act in row for act in acts)) for acts in (USED, OPENED))
    sizes = [content(original), content(default) if default.exists() else 0, content(slim), used, opened]
    loaded = sandboxed("podman", "load", "--quiet", "--input", slim)
    os.unlink(slim)
    again = sandboxed(f"./{script}", f"localhost/observed-{name}:1")
    sandboxed("podman", "rmi", "--force", f"localhost/observed-{name}:1")
    if loaded.returncode or again.returncode or again.stdout != expected:
        return sizes, f"behaves differently:\n{again.stdout[-600:]}{again.stderr[-600:]}"
    if os.environ.get("JETTISON_SHOW"):
        print(slimmed.stdout)
    return sizes, None


def line(name, sizes):
    return f"{name:16} " + " ".join(f"{size:12}" for size in sizes) + f" {sizes[2] / max(sizes[4], 1):5.2f}"


def is_measured(folder):
    """Whether an image was built, and is saved in the format that this script reads."""
    settings = tomllib.loads((folder / "case.toml").read_text())
    is_archive = settings.get("input", "docker-archive") == "docker-archive"
    return is_archive and (ARCHIVES / folder.name / "original.tar").exists()


def main():
    names = sys.argv[1:] or sorted(folder.name for folder in Path("testdata/images").iterdir() if is_measured(folder))
    sums, failed = [0] * 5, []
    print(f"{'image':16} {'original':>12} {'default':>12} {'observed':>12} {'used':>12} {'opened':>12} ratio")
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            sizes, problem = check(name, folder)
            if sizes:
                sums = [one + other for one, other in zip(sums, sizes)]
                print(line(name, sizes))
            if problem:
                failed.append(name)
                print(f"{name}: FAILED {problem}", flush=True)
            sys.stdout.flush()
    print(line("sum", sums))
    if sums[2] > BOUND * sums[4]:
        failed.append("sum")
    print("failed:", " ".join(failed) or "none")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
