#!/usr/bin/env python3
"""Compares what slim kept of a rich and of a lean root directory: rich.py DIRECTORY PROGRAM...

The rich one may need at most 1.3 times as much, and no shell and no setuid file that the lean one does without."""

import os
import stat
import sys

SHELLS = {"ash", "bash", "csh", "dash", "fish", "ksh", "mksh", "rbash", "sh", "tcsh", "zsh"}
LIMIT = 1.3


def measure(root):
    """Bytes, regular files, shells, and setuid or setgid files; a file with several names counts once."""
    size, inodes, shells, privileged = 0, set(), set(), set()
    for folder, _, names in os.walk(root):
        for path in (os.path.join(folder, name) for name in names):
            status = os.lstat(path)
            if not stat.S_ISREG(status.st_mode):
                continue
            if os.path.basename(path) in SHELLS and status.st_mode & 0o111:
                shells.add("/" + os.path.relpath(path, root))
            if status.st_mode & (stat.S_ISUID | stat.S_ISGID):
                privileged.add("/" + os.path.relpath(path, root))
            if status.st_ino not in inodes:
                size += status.st_size
            inodes.add(status.st_ino)
    return size, len(inodes), shells, privileged


def faults(roots, program):
    lean, rich = (measure(f"{roots}/kept/{root}-{program}") for root in (f"lean-{program}", "rich"))
    ratio = rich[0] / lean[0]
    print(
        f"{program:<10} lean {lean[0] / 1e6:7.1f} MB {lean[1]:6} files   rich {rich[0] / 1e6:7.1f} MB {rich[1]:6} files"
        f"   x{ratio:.2f}"
    )
    if ratio > LIMIT:
        yield f"{program}: {ratio:.2f} times as large"
    for what, few, many in (("shell", lean[2], rich[2]), ("setuid or setgid file", lean[3], rich[3])):
        for path in sorted(many - few):
            yield f"{program}: {what} {path}"


def main():
    found = [fault for program in sys.argv[2:] for fault in faults(sys.argv[1], program)]
    print("\n".join(found))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
