"""Slims a root directory for programs of one script each, and runs each script in the original and in the result.

usage: run.py JETTISON ROOT OUT [NAME...]

ROOT is a root directory with Python and a virtual environment in /venv, for example:

    mmdebstrap --variant=minbase --include=ca-certificates,python3,python3-venv,tzdata bookworm ROOT
    chroot ROOT python3 -m venv --without-pip /venv
    python3.11 -m pip install --prefix ROOT/venv --ignore-installed flask fastapi 'uvicorn[standard]' django sqlalchemy \
        boto3 numpy pandas pillow cryptography pydantic celery jinja2 httpx

Needs root. A line for each level says how many bytes of packages are kept, whether the script runs, and which modules the
original loads that the result does not.
"""

import json
import os
import shutil
import subprocess
import sys

PROGRAMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
COMMAND = ["/venv/bin/python", "-B", "/app/main.py"]
# What a script appends to itself: the modules that it has loaded from files.
TAIL = """
import json, sys
loaded = sorted(name for name, module in list(sys.modules.items()) if getattr(module, "__file__", None))
open("/tmp/modules.json", "w").write(json.dumps(loaded))
"""


def size(path):
    files = (os.path.join(directory, name) for directory, _, names in os.walk(path) for name in names)
    return sum(os.path.getsize(file) for file in files if not os.path.islink(file))


def run(root):
    for directory in ("tmp", "dev"):
        os.makedirs(f"{root}/{directory}", exist_ok=True)
    for name, minor in (("null", 3), ("urandom", 9)):
        if not os.path.exists(f"{root}/dev/{name}"):
            os.mknod(f"{root}/dev/{name}", 0o20666, os.makedev(1, minor))
    modules = f"{root}/tmp/modules.json"
    if os.path.exists(modules):
        os.unlink(modules)
    environment = {"PATH": "/venv/bin:/usr/bin:/bin", "HOME": "/root"}
    result = subprocess.run(
        ["/usr/sbin/chroot", root, *COMMAND], capture_output=True, text=True, timeout=300, env=environment
    )
    if not os.path.exists(modules):
        return result, set()
    with open(modules) as file:
        return result, set(json.load(file))


def main():
    jettison, root, out, *names = sys.argv[1:]
    for name in names or sorted(file[:-3] for file in os.listdir(PROGRAMS)):
        shutil.rmtree(f"{root}/app", ignore_errors=True)
        os.makedirs(f"{root}/app")
        with open(f"{PROGRAMS}/{name}.py") as source, open(f"{root}/app/main.py", "w") as file:
            file.write(source.read() + TAIL)
        original, before = run(root)
        if original.returncode:
            print(f"{name}: fails in the original: {original.stderr[-300:]}")
            continue
        for level in ("packages", "exact"):
            shutil.rmtree(out, ignore_errors=True)
            entrypoint = json.dumps([COMMAND[0], COMMAND[-1]])
            subprocess.run(
                [jettison, "slim", f"rootfs:{root}", "-o", f"rootfs:{out}", "--force", "--entrypoint", entrypoint]
                + ["--modules", level],
                capture_output=True,
            )
            result, after = run(out)
            verdict = "runs" if result.returncode == 0 else "FAILS " + result.stderr.strip()[-300:]
            kept = size(f"{out}/venv/lib") / 1e6
            print(f"{name} {level}: {kept:.1f} MB, {verdict}, lost {sorted(before - after)}", flush=True)


main()
