#!/usr/bin/env python3
"""Runs images of the last `make e2e` with the settings that `jettison harden` prints for them, and their tests, unchanged.

    hardened.py [--format docker-run|compose] [--original] [--show] [IMAGE...]

By default, the slimmed images run; with --original, the images that were built. Engines differ in what they add by themselves:
Podman mounts temporary directories in a read-only container and copies the image's files into them, Docker does neither. So
Podman is told to do as Docker does. The options for limits and restarts are left out if the machine has no cgroups for them.

It fails if a test fails."""

import argparse
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib

import yaml

CASES = pathlib.Path("testdata/images")
JETTISON = os.environ.get("JETTISON_BINARY", "target/debug/jettison")
ARCHIVES = pathlib.Path(os.environ.get("JETTISON_ARCHIVES", "target/tmp/e2e"))
# Of the programs that a test runs, only `podman run` gets the settings.
PODMAN = """#!/bin/bash
{kernel}
if [ "$1" = run ]; then
    shift
    exec {podman} run {options} "$@"
fi
exec {podman} "$@"
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--format", default="docker-run", choices=["docker-run", "compose"])
    parser.add_argument("--original", action="store_true")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("images", nargs="*")
    arguments = parser.parse_args()
    names = arguments.images or sorted(folder.name for folder in CASES.iterdir() if (ARCHIVES / folder.name).exists())
    failed = []
    for name in names:
        problem = check(name, arguments)
        print(f"{name:16} {problem or 'passes'}", flush=True)
        if problem:
            failed.append(name)
    print(f"{len(names) - len(failed)} of {len(names)} pass; failed:", " ".join(failed) or "none")
    sys.exit(bool(failed))


def check(name, arguments):
    """The reason why an image fails with its settings."""
    original = ARCHIVES / name / "original.tar"
    transport = tomllib.loads((CASES / name / "case.toml").read_text()).get("input", "docker-archive")
    image = f"localhost/hardened-{name}:1"
    words = [JETTISON, "harden", f"{transport}:{original}", "--name", image, "--format", arguments.format]
    printed = subprocess.run(words, capture_output=True, text=True, check=False)
    if printed.returncode:
        return f"harden: {printed.stderr}"
    if arguments.show:
        print(printed.stdout)
    options = of_script(printed.stdout) if arguments.format == "docker-run" else of_compose(printed.stdout)
    archive = original if arguments.original else ARCHIVES / name / "slimmed.tar"
    loaded = podman("load", "--quiet", "--input", archive)
    if loaded.returncode:
        return f"load: {loaded.stderr}"
    old = loaded.stdout.strip().rsplit(": ", 1)[-1]
    podman("tag", old, image)
    try:
        return run(name, image, options)
    finally:
        podman("rmi", "--force", old, image)
        podman("volume", "prune", "--force")


def run(name, image, options):
    expected = (CASES / name / "behaviour.txt").read_text()
    with tempfile.TemporaryDirectory() as folder:
        wrapper = pathlib.Path(folder) / "podman"
        options, kernel = translated(options)
        engine = subprocess.run(["which", "podman"], capture_output=True, text=True, check=True).stdout.strip()
        wrapper.write_text(PODMAN.format(kernel=kernel, podman=engine, options=shlex.join(options)))
        wrapper.chmod(0o755)
        environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
        words = ["tests/e2e/sandbox.sh", f"./{CASES / name / 'behaviour.sh'}", image]
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False, env=environment)
    if done.returncode or done.stdout != expected:
        return f"FAILED with {done.returncode}:\n{done.stdout[-1500:]}{done.stderr[-3000:]}"
    return None


def podman(*words):
    return subprocess.run(["tests/e2e/sandbox.sh", "podman", *map(str, words)], capture_output=True, text=True, check=False)


def of_script(text):
    """The options in the script that runs `docker run`."""
    inside = re.search(r"^options=\(\n(.*?)^\)$", text, re.M | re.S).group(1)
    return [word for line in inside.splitlines() if not line.strip().startswith("#") for word in shlex.split(line)]


def of_compose(text):
    """The options of `podman run` that mean the same as a service of a Compose file."""
    (service,) = yaml.safe_load(text)["services"].values()
    limits = service["deploy"]["resources"]["limits"]
    options = [f"--user={service['user']}", f"--restart={service['restart']}"]
    options += [f"--pids-limit={limits['pids']}", f"--memory={limits['memory']}", f"--cpus={limits['cpus']}"]
    options += ["--read-only"] * service["read_only"]
    options += [f"--cap-drop={name}" for name in service["cap_drop"]]
    options += [f"--cap-add={name}" for name in service.get("cap_add", [])]
    options += [f"--security-opt={name}" for name in service.get("security_opt", [])]
    options += [f"--tmpfs={mount}" for mount in service.get("tmpfs", [])]
    options += [f"--volume=hardened-{row['source']}:{row['target']}" for row in service.get("volumes", [])]
    options += [f"--sysctl={name}={value}" for name, value in service.get("sysctls", {}).items()]
    options += [f"--env={name}={value}" for name, value in service.get("environment", {}).items()]
    return options


def translated(options):
    """The options for Podman in a network without ports of its own, and commands that set what it cannot."""
    words, kernel = ["--read-only-tmpfs=false"], []
    for option in options:
        name, _, value = option.partition("=")
        if name == "--tmpfs":
            words.append(of_podman(option) + ",notmpcopyup")
        elif name == "--sysctl":
            # The network is that of the test.
            key, _, number = value.partition("=")
            kernel.append(f"echo {number} >/proc/sys/{key.replace('.', '/')}")
        # Tests publish no ports, and wait for the end of a container.
        elif name not in ("--publish", "--restart") and not (name in LIMITS and not has_limits()):
            words.append(option)
    return words, "\n".join(kernel)


def of_podman(option):
    """A tmpfs without an owner, which Podman does not support: everybody may write to it."""
    if "uid=" not in option:
        return option
    return re.sub(r",[ug]id=\d+", "", re.sub(r"mode=\d+", "mode=1777", option))


LIMITS = ("--pids-limit", "--memory", "--cpus")


def has_limits():
    """Whether containers can have limits here."""
    return os.environ.get("JETTISON_LIMITS") == "1"


if __name__ == "__main__":
    main()
