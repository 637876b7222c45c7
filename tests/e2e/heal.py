#!/usr/bin/env python3
"""Slims images with their own behavior scripts as tests, then plants losses, one at a time, and counts how many of those that
break a test are healed to exactly the missing file.

    heal.py [--together] [--files N] [--tries N] [--seed N] [--engine podman|docker] [--user USER] [IMAGE...]

With --together, N files are lost at the same time, which is faster: exactly those of them that the test needs must be added.

Takes the archives that `make e2e` left. Candidates are the files that the behavior test opens, in random order. Run it with
--engine docker beside a daemon, as in `tests/e2e/sandbox.sh tests/e2e/dockerd.sh DIRECTORY tests/e2e/heal.py --engine docker`.
With --user, Podman runs as this user, as in `tests/e2e/rootless.sh`.
It fails if a test does not pass, or a loss is not healed."""

import argparse
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib

from losses import CASES, JETTISON, WORK, Archive, Stage, podman

# Behavior scripts call podman; its options are those of docker, but for these. `docker top` takes the options of ps(1), which must
# print the process, and Docker runs health checks only by itself.
PODMAN = """#!/bin/bash
docker={docker}
case $1 in
top)
    container=$2
    shift 2
    fields=$(IFS=,; echo "${{*}}")
    $docker top "$container" -o "$fields,pid" | awk '{{ NF--; print }}'
    exit
    ;;
healthcheck)
    mapfile -t check < <($docker inspect --format '{{{{range .Config.Healthcheck.Test}}}}{{{{println .}}}}{{{{end}}}}' "$3")
    if [ "${{check[0]}}" = CMD-SHELL ]; then
        exec $docker exec "$3" sh -c "${{check[1]}}"
    fi
    exec $docker exec "$3" "${{check[@]:1}}"
    ;;
esac
arguments=()
while [ $# -gt 0 ]; do
    case $1 in
    --time) shift ;;
    *) arguments+=("$1") ;;
    esac
    shift
done
exec $docker "${{arguments[@]}}"
"""


def slim(case, arguments, *more):
    """The exit status and the output of `jettison slim` with the behavior script of an image as its test."""
    original = WORK / case / "original.tar"
    transport = tomllib.loads((CASES / case / "case.toml").read_text()).get("input", "docker-archive")
    if arguments.engine == "docker":
        command = []
    elif arguments.user:
        command = ["tests/e2e/rootless.sh", arguments.user]
    else:
        command = ["tests/e2e/sandbox.sh"]
    command += [
        os.path.abspath(JETTISON), "slim", f"{transport}:{original}", "--dry-run", "--no-policy", "--engine", arguments.engine,
        "--no-container", "--compare-output", "--test-timeout", "240", "--test", str(CASES / case / "behaviour.sh"), *more,
    ]
    environment = {**os.environ, "PATH": arguments.path}
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment)
    # A dry run lists many files after the table of sizes.
    return done.returncode, done.stderr + done.stdout.partition("before        after")[0]


def healed(case, paths, arguments):
    """The files that are added when some are lost, whether the test passes with them and no others, and what is printed."""
    losses = [word for path in paths for word in ("--plant-loss", "/" + path)]
    status, text = slim(case, arguments, "--force", "--heal-runs", "60", *losses)
    added = re.findall(r"^  --keep '/(.*)'$", text, re.M)
    # A path may go through a symlink, such as /lib.
    real = {re.sub("^(?=s?bin/|lib)", "usr/", path) for path in added}
    is_exact = status == 0 and real <= set(paths) and "perhaps more" not in text
    return added, is_exact or "healed" not in text, text


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2)
    parser.add_argument("--tries", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--together", action="store_true")
    parser.add_argument("--engine", default="podman")
    parser.add_argument("--user")
    parser.add_argument("images", nargs="*")
    arguments = parser.parse_args()
    arguments.path = os.environ["PATH"]
    if arguments.engine == "docker":
        folder = tempfile.mkdtemp()
        wrapper = pathlib.Path(folder) / "podman"
        wrapper.write_text(PODMAN.format(docker=shutil.which("docker")))
        wrapper.chmod(0o755)
        arguments.path = f"{folder}:{os.environ['PATH']}"
    cases = arguments.images or sorted(path.parent.name for path in WORK.glob("*/original.tar"))
    failures = planted = 0
    for case in cases:
        status, text = slim(case, arguments)
        print(f"{case}: its test", "passes" if status == 0 else f"fails, status {status}\n{text}", flush=True)
        failures += status != 0
        count = 0
        if arguments.files and status == 0:
            paths = candidates(case, arguments)
            groups = [paths[: arguments.files]] if arguments.together else [[path] for path in paths]
            for group in groups:
                added, is_healed, text = healed(case, group, arguments)
                count += len(added)
                failures += not is_healed
                for path in added:
                    print(f"  /{path}: healed", flush=True)
                if not is_healed:
                    print(f"  not healed: {group}\n{text}", flush=True)
                if count >= arguments.files:
                    break
        planted += count
    print(f"{len(cases)} images, {planted} losses planted, {failures} failures")
    sys.exit(failures > 0)


def candidates(case, arguments):
    """Files that the test opens and the plan has, in random order."""
    podman("load", "--quiet", "--input", str(WORK / case / "slimmed.tar"))
    image = f"localhost/jettison-e2e/{case}:slimmed"
    stage = Stage(case, image)
    paths = sorted(stage.opened() & set(Archive(WORK / case / "slimmed.tar").files))
    shutil.rmtree(stage.folder)
    podman("rmi", "--force", image)
    random.Random(f"{arguments.seed} {case}").shuffle(paths)
    return paths[: arguments.tries]


if __name__ == "__main__":
    main()
