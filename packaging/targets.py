#!/usr/bin/env python3
"""The table of targets: `--matrix` prints it for the release workflow."""

import json
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def targets():
    return tomllib.loads((ROOT / "packaging/targets.toml").read_text())["target"]


def version():
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["version"]


def matrix():
    keys = ("rust", "runner", "rustflags", "wheel", "deb")
    # A missing key would be an empty text in the workflow only by accident.
    return {"include": [{key: row.get(key, "") for key in keys} for row in targets()]}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--matrix"]:
            print(json.dumps(matrix()))
        case ["--version"]:
            print(version())
        case _:
            sys.exit("usage: targets.py --matrix | --version")
