#!/usr/bin/env python3
"""Records what BuildKit says about Dockerfiles, as data for the tests.

Usage: record.py [--docker COMMAND] [--jobs N] [--output FILE] [FILE ...]

Without files, it reads the inputs beside it (`inputs/*.txt`) and every Dockerfile in the project's
`testdata`, and writes `verdicts.jsonl`. With files, it checks those and prints the verdicts, which
is the way to compare jettison with BuildKit on any other collection.

It needs a Docker daemon of version 28 or later and its buildx plugin; COMMAND is the client, also
with options, such as `docker --host unix:///run/other.sock`. The host of the daemon can be set with
`DOCKER_HOST` as well. No registry is needed: BuildKit only looks at the files
(`docker buildx build --call=check`), and each base image that it asks for is replaced by an empty
directory (`--build-context`). So the environment of every base image is empty.

A line of the output is one input, in the order of their names:

    {"input": "mounts/no-type", "refused": "...", "lines": [2, 2], "warnings": [["Rule", 2, 2]]}

`refused` is absent if BuildKit accepts the file, and `lines` if it does not tell the place. The
first line tells the version of the daemon.
"""

import argparse
import concurrent.futures
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TESTDATA = HERE.parent

# The most base images of a file.
MOST_IMAGES = 60

MISSING_IMAGE = re.compile(r"failed to resolve source metadata for ([^\s:]\S*?): ")

SYNTAX = re.compile(rb"[ \t]*#[ \t]*syntax[ \t]*=", re.IGNORECASE)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--docker", default="docker")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--output", type=pathlib.Path)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    docker = shlex.split(options.docker)

    if options.files:
        inputs = [(str(path), path.read_bytes(), []) for path in options.files]
    else:
        inputs = own_inputs()
        options.output = options.output or HERE / "verdicts.jsonl"
    inputs.sort()

    lines = [{"docker": server_version(docker)}]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        lines += pool.map(lambda each: verdict(docker, *each), inputs)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


def own_inputs():
    """The inputs of the project: their names, their texts, and the lines of a `.dockerignore`."""
    inputs = []
    for path in (HERE / "inputs").glob("*.txt"):
        inputs += cases(path)
    for path in TESTDATA.rglob("*Dockerfile"):
        inputs.append((str(path.relative_to(TESTDATA)), path.read_bytes(), []))
    return inputs


def cases(path):
    """The cases of a file: after each line `=== NAME [ignoring PATTERN ...]`, a Dockerfile."""
    for part in re.split(rb"^=== ", path.read_bytes(), flags=re.MULTILINE)[1:]:
        title, _, text = part.partition(b"\n")
        name, _, ignored = title.decode().partition(" ignoring ")
        yield f"{path.stem}/{name}", text, ignored.split()


def server_version(docker):
    command = [*docker, "version", "--format", "{{.Server.Version}}"]
    version = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # Distributions append a suffix of their own.
    return version.strip().partition("+")[0]


def verdict(docker, name, text, ignored):
    """Asks BuildKit until every image that it misses is replaced."""
    with tempfile.TemporaryDirectory() as directory:
        context = pathlib.Path(directory, "context")
        empty = pathlib.Path(directory, "empty")
        context.mkdir()
        empty.mkdir()
        text, removed = without_syntax(text)
        (context / "Dockerfile").write_bytes(text)
        if ignored:
            (context / ".dockerignore").write_text("\n".join(ignored) + "\n")
        images = []
        while True:
            answer = check(docker, context, empty, images)
            image = missing_image(answer)
            if image is None or image in images or len(images) == MOST_IMAGES:
                return summary(name, answer, removed)
            images.append(image)


def without_syntax(text):
    """The text without the `syntax` directives at its top, and the number of lines removed.

    The frontend that they name would have to be pulled, and the daemon's own is the one to record.
    """
    lines = text.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)
    top = []
    while lines and lines[0].lstrip().startswith(b"#"):
        top.append(lines.pop(0))
    kept = [line for line in top if not SYNTAX.match(line)]
    if len(kept) == len(top):
        return text, 0
    return b"".join(kept + lines), len(top) - len(kept)


def check(docker, context, empty, images):
    command = [*docker, "buildx", "build", "--call=check,format=json", "--progress=quiet"]
    for image in images:
        command += ["--build-context", f"{image}={empty}"]
    result = subprocess.run([*command, str(context)], capture_output=True, check=False)
    try:
        return json.loads(result.stdout)
    except json.JSONDecodeError:
        # BuildKit makes no report if it cannot read the directives.
        lines = result.stderr.decode(errors="replace").splitlines()
        errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
        return {"buildError": {"message": (errors or lines or ["no answer"])[-1]}}


def missing_image(answer):
    error = answer.get("buildError")
    found = MISSING_IMAGE.search(error["message"]) if error else None
    return found and found.group(1)


def summary(name, answer, removed):
    """The verdict; `removed` is the number of lines that are missing at the start."""
    line = {"input": name}
    error = answer.get("buildError")
    if error:
        line["refused"] = message(error["message"])
        ranges = (error.get("location") or {}).get("ranges")
        if ranges:
            line["lines"] = place(ranges, removed)
    warnings = []
    for warning in answer.get("warnings") or []:
        lines = place(warning["location"]["ranges"], removed)
        warnings.append([warning["ruleName"], *lines])
    if warnings:
        line["warnings"] = sorted(warnings, key=lambda warning: (warning[1], warning[0]))
    return line


def place(ranges, removed):
    """The first and the last line of a place; 0 if it is not known."""
    first, last = ranges[0].get("start", {}), ranges[-1].get("end", {})
    lines = [first.get("line", 0), last.get("line", 0)]
    return [line + removed if line else 0 for line in lines]


def message(text):
    """The message without its prefix, and without suggestions, which are not always the same."""
    text = re.sub(r"^dockerfile parse error on line \d+: ", "", text)
    return re.sub(r" \(did you mean [^)]*\?\)", "", text)


if __name__ == "__main__":
    main()
