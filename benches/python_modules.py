#!/usr/bin/env python3
"""Measures how long the imports of Python sources take to follow: benches/python_modules.py JETTISON ROOT MAIN

ROOT is a root directory with Python and packages, such as those that tests/python_modules/run.py makes, and MAIN a
script that is copied into it. The plan is made without and with `--modules exact`, five times each; the least times are
compared. The number of sources is that of the modules that are kept."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

RUNS = 5


def plan(jettison, root, level):
    command = [jettison, "slim", f"rootfs:{root}", "--dry-run", "--modules", level]
    command += ["--entrypoint", json.dumps(["/venv/bin/python", "/app/main.py"])]
    started = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - started


def sources(jettison, root):
    """The number of modules that are kept, and their bytes."""
    with tempfile.TemporaryDirectory() as out:
        command = [jettison, "slim", f"rootfs:{root}", "-o", f"rootfs:{out}/root", "--modules", "exact"]
        command += ["--entrypoint", json.dumps(["/venv/bin/python", "/app/main.py"])]
        subprocess.run(command, check=True, capture_output=True)
        found = []
        for directory, _, names in os.walk(f"{out}/root"):
            found += [os.path.join(directory, name) for name in names if name.endswith(".py")]
        return len(found), sum(os.path.getsize(file) for file in found if not os.path.islink(file))


def main():
    jettison, root, script = sys.argv[1:]
    os.makedirs(f"{root}/app", exist_ok=True)
    shutil.copy(script, f"{root}/app/main.py")
    count, bytes = sources(jettison, root)
    least = {level: min(plan(jettison, root, level) for _ in range(RUNS)) for level in ("off", "exact")}
    print(f"{count} sources of {bytes / 1e6:.1f} MB: off {least['off']:.2f} s, exact {least['exact']:.2f} s")


main()
