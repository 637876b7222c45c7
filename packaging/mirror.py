#!/usr/bin/env python3
"""Writes the repository that pre-commit installs jettison from without Rust, as `ruff-pre-commit` does for ruff.

    packaging/mirror.py DIRECTORY

The repository has no code: its package depends on the wheel of the same version, and its tag is that version. Run
again for a newer version, the script adds a commit and a tag.
"""

import re
import subprocess
import sys
from pathlib import Path

from targets import ROOT, version

PYPROJECT = """\
# pre-commit installs this package, which only depends on the wheel with the program.
[build-system]
requires = ["setuptools>=61"]
build-backend = "setuptools.build_meta"

[project]
name = "jettison-pre-commit"
version = "0.0.0"
requires-python = ">=3.8"
dependencies = ["jettison=={version}"]

[tool.setuptools]
py-modules = []
"""

README = """\
# jettison-pre-commit

Hooks of [pre-commit](https://pre-commit.com) that run jettison, a linter for Dockerfiles. Rust is not needed: pre-commit
installs the wheel from PyPI.

```yaml
- repo: https://github.com/OWNER/jettison-pre-commit
  rev: v{version}
  hooks:
    - id: jettison        # or jettison-fix
```

This repository is generated.
"""


def hooks():
    """The hooks of this repository, except for the one that needs an installed program."""
    text = (ROOT / ".pre-commit-hooks.yaml").read_text()
    parts = re.split(r"(?m)^(?=- id: )", text)
    kept = [part for part in parts[1:] if "language: system" not in part]
    return "# `--` keeps the name of a file from being read as an option.\n" + "".join(kept)


def git(directory, *arguments):
    subprocess.run(["git", "-C", directory, *arguments], check=True, stdout=subprocess.DEVNULL)


def main():
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    if not (directory / ".git").exists():
        git(directory, "init", "--quiet", "--initial-branch=main")
    (directory / "pyproject.toml").write_text(PYPROJECT.replace("{version}", version()))
    (directory / "README.md").write_text(README.replace("{version}", version()))
    (directory / ".pre-commit-hooks.yaml").write_text(hooks())
    for license in ("LICENSE-APACHE", "LICENSE-MIT"):
        (directory / license).write_text((ROOT / license).read_text())
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--message", f"jettison {version()}")
    git(directory, "tag", f"v{version()}")


if __name__ == "__main__":
    main()
