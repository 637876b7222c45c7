#!/usr/bin/env python3
"""Slims images of the last `make e2e` with `--rest`, and proves that nothing is lost: the slimmed image with its rest is the
original, and so is what `jettison restore` writes.

    tests/e2e/rests.py [IMAGE...]

Prints a line for each image: the number of entries and the size of all layers in percent of the original."""

import os
import pathlib
import subprocess
import sys
import tempfile
import tomllib

CASES = pathlib.Path("testdata/images")
JETTISON = os.environ.get("JETTISON_BINARY", "target/debug/jettison")
ARCHIVES = pathlib.Path(os.environ.get("JETTISON_ARCHIVES", "target/tmp/e2e"))


def output_of(*words):
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def compared(original, other, folder):
    """What `same_image.py` prints about two images."""
    for source, name in ((original, "one"), (other, "two")):
        output_of("rm", "-rf", f"{folder}/{name}")
        output_of("skopeo", "copy", "--quiet", "--dest-decompress", source, f"dir:{folder}/{name}")
    return output_of("tests/e2e/same_image.py", f"{folder}/one", f"{folder}/two").replace("\n", "; ")


def check(name, folder):
    transport = tomllib.loads((CASES / name / "case.toml").read_text()).get("input", "docker-archive")
    original = f"{transport}:{(ARCHIVES / name / 'original.tar').absolute()}"
    slim, rest, again = (f"docker-archive:{folder}/{file}.tar" for file in ("slim", "rest", "again"))
    output_of(JETTISON, "slim", original, "-o", slim, "--rest", rest, "--no-policy")
    with_rest = compared(original, rest, folder)
    output_of(JETTISON, "restore", rest, "-o", again)
    return f"{with_rest}; restored: {compared(original, again, folder)}"


def main():
    names = sys.argv[1:] or sorted(case.name for case in CASES.iterdir() if (ARCHIVES / case.name / "original.tar").exists())
    failed = []
    for name in names:
        with tempfile.TemporaryDirectory(dir="target") as folder:
            try:
                print(f"{name:16} {check(name, folder)}", flush=True)
            except RuntimeError as problem:
                failed.append(name)
                print(f"{name:16} FAILED {problem}", flush=True)
    print(f"{len(names) - len(failed)} of {len(names)} are complete; failed:", " ".join(failed) or "none")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
