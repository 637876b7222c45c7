"""Slims root directories for programs of one script each, and runs each script in the original and in the result.

usage: run.py JETTISON DIRECTORY [--again] [--levels packages,exact] [NAME...]

A group of programs is a directory beside this file: its `requirements.txt` is installed into a virtual environment that
its scripts share, so that every script needs only a part of it. The roots are made in DIRECTORY, a group each, with
mmdebstrap and with pip of Python 3.11. Results are kept in DIRECTORY/results.json; what is there is not run again,
except with --again or if programs are named. With PyInstaller next to the Python that runs this file, the size of its
`--onedir` collection of the same script is measured too.

Needs root. A line for each program and level says how many bytes of packages and of the standard library are kept,
whether the script runs, and which modules the original loads from files that the result does not. The results also say
which distributions are kept whole at `exact`.
"""

import json
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
COMMAND = ["/venv/bin/python", "-B", "/app/main.py"]
# What a script appends to itself: the modules that it has loaded from files.
TAIL = """
import json as _json, sys as _sys
_loaded = sorted(name for name, module in list(_sys.modules.items()) if getattr(module, "__file__", None))
open("/tmp/modules.json", "w").write(_json.dumps(_loaded))
"""


def prepare(directory, group):
    """Makes the root directory of a group, once."""
    root = f"{directory}/{group}"
    done = f"{root}.done"
    if os.path.exists(done):
        return root
    base = f"{directory}/base"
    if not os.path.exists(f"{base}/venv"):
        include = "--include=ca-certificates,python3,python3-venv,tzdata"
        subprocess.run(["mmdebstrap", "--variant=minbase", include, "bookworm", base], check=True)
        subprocess.run(["chroot", base, "python3", "-m", "venv", "--without-pip", "/venv"], check=True)
    shutil.rmtree(root, ignore_errors=True)
    subprocess.run(["cp", "-a", base, root], check=True)
    pip = ["python3.11", "-m", "pip", "install", "--quiet", "--no-compile", "--only-binary=:all:", "--ignore-installed"]
    subprocess.run([*pip, f"--prefix={root}/venv", "-r", f"{HERE}/{group}/requirements.txt"], check=True)
    open(done, "w").close()
    return root


def size(path):
    files = (os.path.join(directory, name) for directory, _, names in os.walk(path) for name in names)
    return sum(os.path.getsize(file) for file in files if not os.path.islink(file))


def sizes(root):
    return {"packages": size(f"{root}/venv/lib"), "standard": size(f"{root}/usr/lib/python3.11")}


def install(root, script):
    for directory in ("tmp", "dev", "app"):
        shutil.rmtree(f"{root}/{directory}", ignore_errors=True)
        os.makedirs(f"{root}/{directory}")
    with open(script) as source, open(f"{root}/app/main.py", "w") as file:
        file.write(source.read() + TAIL)


def run(root):
    """Runs the script. Returns the result and the modules that it loaded."""
    for directory in ("tmp", "dev", "proc"):
        os.makedirs(f"{root}/{directory}", exist_ok=True)
    for name, minor in (("null", 3), ("urandom", 9)):
        if not os.path.exists(f"{root}/dev/{name}"):
            os.mknod(f"{root}/dev/{name}", 0o20666, os.makedev(1, minor))
    modules = f"{root}/tmp/modules.json"
    if os.path.exists(modules):
        os.unlink(modules)
    environment = {"PATH": "/venv/bin:/usr/bin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"}
    # A private /proc and /dev/shm, as a container has them.
    mounts = f"mount -t proc proc {root}/proc; mkdir -p {root}/dev/shm; mount -t tmpfs tmpfs {root}/dev/shm; "
    command = ["unshare", "-m", "--propagation", "private", "sh", "-c"]
    command += [mounts + f'exec /usr/sbin/chroot {root} "$@"', "sh", *COMMAND]
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=300, env=environment
        )
    except subprocess.TimeoutExpired:
        return "it does not end", set()
    if not os.path.exists(modules):
        return result.stderr.strip()[-600:] or f"exit status {result.returncode}", set()
    with open(modules) as file:
        return "", set(json.load(file))


def slim(jettison, root, out, level):
    shutil.rmtree(out, ignore_errors=True)
    entrypoint = json.dumps([COMMAND[0], COMMAND[-1]])
    command = [jettison, "slim", f"rootfs:{root}", "-o", f"rootfs:{out}", "--force", "--entrypoint", entrypoint]
    command += ["--report", f"{out}.json", "--modules", level]
    return subprocess.run(command, capture_output=True, text=True)


def kept_whole(out):
    """The distributions that are kept whole, since they compute the names of modules."""
    try:
        with open(f"{out}.json") as file:
            notes = json.load(file)["notes"]
    except OSError:
        return []
    found = (re.search("`([^`]*)` is kept whole", note["text"]) for note in notes)
    return sorted({match[1] for match in found if match})


def collect(directory, root, script):
    """The size of PyInstaller's collection."""
    try:
        import PyInstaller.__main__  # noqa: F401
    except ImportError:
        return None
    work = f"{directory}/pyinstaller"
    shutil.rmtree(work, ignore_errors=True)
    site = f"{root}/venv/lib/python3.11/site-packages"
    command = [sys.executable, "-m", "PyInstaller", "--onedir", "--noconfirm", "--log-level=ERROR", f"--paths={site}"]
    command += [f"--distpath={work}/dist", f"--workpath={work}/build", f"--specpath={work}", script]
    result = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONPATH": site})
    bytes = size(f"{work}/dist") if result.returncode == 0 else None
    shutil.rmtree(work, ignore_errors=True)
    return bytes


def find_programs(names):
    found = []
    for group in sorted(os.listdir(HERE)):
        if os.path.exists(f"{HERE}/{group}/requirements.txt"):
            scripts = sorted(name[:-3] for name in os.listdir(f"{HERE}/{group}") if name.endswith(".py"))
            found += [(group, name) for name in scripts if not names or name in names or group in names]
    return found


def main():
    words = sys.argv[1:]
    is_again = "--again" in words
    levels = ["packages", "exact"]
    if "--levels" in words:
        place = words.index("--levels")
        levels = words[place + 1].split(",")
        del words[place : place + 2]
    jettison, directory, *names = [word for word in words if word != "--again"]
    directory = os.path.abspath(directory)
    path = f"{directory}/results.json"
    results = json.load(open(path)) if os.path.exists(path) else {}
    for group, name in find_programs(names):
        root = prepare(directory, group)
        script = f"{HERE}/{group}/{name}.py"
        row = results.setdefault(name, {})
        out = f"{directory}/out"
        for level in levels:
            if level in row and not is_again and not names:
                continue
            install(root, script)
            if "loaded" not in row:
                error, loaded = run(root)
                if error:
                    print(f"{name}: fails in the original: {error}", flush=True)
                    break
                row["loaded"] = sorted(loaded)
                row["whole"] = sizes(root)
            install(root, script)
            slimmed = slim(jettison, root, out, level)
            error, after = run(out)
            lost = sorted(set(row["loaded"]) - after) if not error else []
            row[level] = {**sizes(out), "error": error, "lost": lost, "whole": kept_whole(out)}
            kept = row[level]["packages"] / 1e6, row[level]["standard"] / 1e6
            verdict = f"FAILS {error}" if error else f"runs, lost {lost}"
            print(f"{name} {level}: {kept[0]:.1f} + {kept[1]:.1f} MB, {verdict}", flush=True)
            if slimmed.returncode:
                print(slimmed.stderr[-500:], flush=True)
        if "pyinstaller" not in row and "loaded" in row:
            row["pyinstaller"] = collect(directory, root, script)
        with open(path, "w") as file:
            json.dump(results, file, indent=1)
        shutil.rmtree(out, ignore_errors=True)


main()
