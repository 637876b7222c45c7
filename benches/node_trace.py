#!/usr/bin/env python3
"""Measures how long it takes to trace an application of 5,000 JavaScript files: benches/node_trace.py [FILES]

The sources are those of real packages if CACHE has some (see node_modules.py), or generated ones. The
time of tracing is the difference between two dry runs: of a program that imports all of them, and of a
program that imports none. Needs Node's binary on PATH."""

import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
JETTISON = os.environ.get("JETTISON_BINARY", str(HERE.parent / "target/release/jettison"))
CACHE = pathlib.Path(os.environ.get("CACHE", "/var/tmp/jettison-node"))
RUNS = int(os.environ.get("RUNS", "7"))


def real_sources(count):
    """Sources of installed packages, with neither very short nor very long ones."""
    found = []
    for path in sorted(CACHE.glob("*/root/app/node_modules/**/*.js")):
        if path.is_file() and 300 < path.stat().st_size < 100_000:
            found.append(path.read_text(errors="replace"))
            if len(found) == count:
                break
    return found


def generated(count):
    lines = "".join(f"function f{n}(a, b) {{ return a ? {{ x: [a, b], y: `${{b}}` }} : f{n - 1}(b, a + {n}); }}\n"
                    for n in range(1, 80))
    return ["'use strict';\nfunction f0(a) { return a; }\n" + lines + "exports.f = f79;\n"] * count


def write(app, sources):
    """Packages of ten files: each file requires the next, and the first is required by the program."""
    package = app / "node_modules"
    for number, source in enumerate(sources):
        directory = package / f"p{number // 10}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "package.json").write_text("{}")
        following = f"require('./m{number % 10 + 1}');\n" if number % 10 < 9 and number + 1 < len(sources) else ""
        (directory / f"m{number % 10}.js").write_text(following + source)
    return sum(len(source.encode()) for source in sources)


def measured(root, program, level="exact"):
    command = [JETTISON, "slim", f"rootfs:{root}", "--dry-run", "--quiet", "--modules", level,
               "--entrypoint", json.dumps(["/usr/bin/node", program])]
    times, processor_times = [], []
    for _ in range(RUNS):
        started, before = time.monotonic(), processor_time()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append(time.monotonic() - started)
        processor_times.append(processor_time() - before)
    return statistics.median(times), statistics.median(processor_times)


def processor_time():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    sources = real_sources(count)
    kind = "of real packages"
    if len(sources) < count:
        sources, kind = generated(count), "generated"
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        (root / "usr/bin").mkdir(parents=True)
        shutil.copy2(os.path.realpath(shutil.which("node")), root / "usr/bin/node")
        (root / "app").mkdir()
        size = write(root / "app", sources)
        (root / "app/all.mjs").write_text("".join(f"import 'p{n}/m0.js';\n" for n in range((count + 9) // 10)))
        (root / "none.js").write_text("")
        (every, processor), (none, processor_none) = measured(root, "/app/all.mjs"), measured(root, "/none.js")
    print(f"{count} sources {kind}, {size / 1e6:.1f} MB: {every - none:.2f} s "
          f"({processor - processor_none:.2f} s of processor time), beside {none:.2f} s for the rest of the run")


main()
