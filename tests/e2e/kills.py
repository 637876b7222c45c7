#!/usr/bin/env python3
"""Ends jettison at random moments, with SIGKILL and as with Ctrl-C, and fails if anything remains.

    kills.py [--kills N] [--seed N] [--image NAME]

Takes the archives that `make e2e` left. The commands are `slim --test`, `observe`, `slim --rest` and `slim --shared`, with Podman
and a store of their own. Afterwards, there must be no process, no container, no image, no layer and no temporary file, and each
output must be absent or complete."""

import argparse
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ARCHIVES = pathlib.Path(os.environ.get("JETTISON_ARCHIVES", "target/tmp/e2e")).absolute()
JETTISON = os.path.abspath(os.environ.get("JETTISON_BINARY", "target/release/jettison"))
# The time in which everything must be removed. Loading an image is not interrupted.
PATIENCE = 120


class Bench:
    def __init__(self, image):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kills-", dir="target"))
        self.folder = self.folder.absolute()
        self.output, self.temporary = self.folder / "output", self.folder / "temporary"
        self.environment = {**os.environ, "JETTISON_STORE": str(self.folder / "store"), "TMPDIR": str(self.temporary)}
        self.clear()
        original = f"docker-archive:{ARCHIVES / image / 'original.tar'}"
        other = f"docker-archive:{ARCHIVES / 'redis' / 'original.tar'}"
        script = f"testdata/images/{image}/behaviour.sh"
        test = ["--engine=podman", "--no-container"]
        self.commands = {
            "slim --test": ["slim", original, "-o", f"docker-archive:{self.output}/slim.tar", "--no-policy", *test, "--test", script],
            "observe": ["observe", original, "-o", f"{self.output}/image.observed", *test, "--", script],
            "slim --rest": ["slim", original, "-o", f"docker-archive:{self.output}/slim.tar", "--no-policy",
                            "--rest", f"docker-archive:{self.output}/rest.tar"],
            "slim --shared": ["slim", original, other, "--no-policy", "--shared", "-o", f"oci:{self.output}/layout"],
        }

    def clear(self):
        for folder in (self.output, self.temporary):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)

    def sandboxed(self, *words, **more):
        return subprocess.Popen(["tests/e2e/sandbox.sh", *words], env=self.environment, start_new_session=True, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)

    def output_of(self, *words):
        return self.sandboxed(*words).communicate()[0]

    def start(self, command):
        return self.sandboxed(JETTISON, *self.commands[command])

    def processes(self):
        """Those that inherited the environment: the programs, the engine and the monitors of its containers."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if str(self.temporary).encode() in (entry / "environ").read_bytes():
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:100])
            except OSError:
                pass
        return found

    def wait_for_processes(self):
        end = time.monotonic() + PATIENCE
        while self.processes() and time.monotonic() < end:
            time.sleep(0.1)
        return self.processes()

    def remains(self):
        """What is left after a run: an empty list if all is well."""
        found = [f"process {words}" for words in self.wait_for_processes()]
        found += [f"temporary {path.name}" for path in self.temporary.iterdir() if path.name.startswith("jettison")]
        containers = self.output_of("podman", "ps", "--all", "--external", "--quiet").split()
        images = self.output_of("podman", "images", "--all", "--quiet").split()
        found += [f"container {name}" for name in containers] + [f"image {name}" for name in images]
        store = self.folder / "store/images"
        for name in ("overlay-layers/layers.json", "overlay-images/images.json", "overlay-containers/containers.json"):
            rows = json.loads((store / name).read_text() or "[]") if (store / name).exists() else []
            found += [f"{name}: {row['id']}" for row in rows or []]
        if (store / "overlay").exists():
            found += [f"layer {path.name}" for path in (store / "overlay").iterdir() if len(path.name) == 64]
        return found + self.half_written()

    def half_written(self):
        found = []
        for path in sorted(self.output.iterdir()):
            if path.suffix == ".tar":
                done = subprocess.run([JETTISON, "inspect", f"docker-archive:{path}"], capture_output=True, check=False)
                found += [f"half written: {path.name}"] * (done.returncode != 0)
            elif path.suffix == ".observed":
                found += [f"half written: {path.name}"] * (not path.read_text().endswith("]}\n"))
            elif path.name == "layout":
                found += list(broken_blobs(path))
            else:
                found.append(f"unknown file {path.name}")
        return found


def broken_blobs(layout):
    for path in sorted(layout.rglob("*")):
        if path.parent.name == "sha256":
            if hashlib.sha256(path.read_bytes()).hexdigest() != path.name:
                yield f"half written: blob {path.name}"
        elif path.is_file() and path.name in ("index.json", "oci-layout"):
            json.loads(path.read_text())
        elif path.is_file():
            yield f"unknown file {path.name}"


def end(process, number):
    """SIGKILL for the process alone; SIGINT for its group, as a terminal sends it."""
    try:
        if number == signal.SIGKILL:
            process.kill()
        else:
            os.killpg(process.pid, number)
    except ProcessLookupError:
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--image", default="nginx")
    arguments = parser.parse_args()
    bench, random_number, failures = Bench(arguments.image), random.Random(arguments.seed), 0
    try:
        lengths = {}
        for command in bench.commands:
            start = time.monotonic()
            process = bench.start(command)
            text = process.communicate()[0]
            lengths[command] = time.monotonic() - start
            remains = bench.remains()
            print(f"{command}: {lengths[command]:.1f} s, status {process.returncode}", *remains, sep="\n  ", flush=True)
            failures += bool(remains) or process.returncode != 0
            if process.returncode:
                print(text)
            bench.clear()
        for turn in range(arguments.kills):
            command = list(bench.commands)[turn % len(bench.commands)]
            number = (signal.SIGKILL, signal.SIGINT)[turn // len(bench.commands) % 2]
            process, moment = bench.start(command), random_number.uniform(0, lengths[command])
            time.sleep(moment)
            is_running = process.poll() is None
            end(process, number)
            text = process.communicate()[0]
            remains = bench.remains()
            state = "running" if is_running else "already ended"
            print(f"{command}, {number.name} after {moment:.1f} s, {state}", *remains, sep="\n  ", flush=True)
            if remains:
                print(text)
            failures += bool(remains)
            bench.clear()
    finally:
        shutil.rmtree(bench.folder, ignore_errors=True)
    print(f"{arguments.kills} kills, {failures} failures")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
