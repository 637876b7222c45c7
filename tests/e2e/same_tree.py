#!/usr/bin/env python3
"""Proves that two directories hold the same, header by header: same_tree.py LEFT RIGHT

Owners, modes, times to the nanosecond, devices, links, hard links, extended attributes, contents."""

import hashlib
import os
import stat
import sys

# What the kernel notes for the mount it is looked at through.
OF_THE_MOUNT = ("trusted.overlay.", "user.overlay.")


def xattrs(path):
    names = os.listxattr(path, follow_symlinks=False)
    return {n: os.getxattr(path, n, follow_symlinks=False) for n in names if not n.startswith(OF_THE_MOUNT)}


def content(path):
    with open(path, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def describe(path, of_root):
    is_ = os.lstat(path)
    kind = stat.S_IFMT(is_.st_mode)
    return {
        "mode": oct(is_.st_mode),
        "owner": (is_.st_uid, is_.st_gid),
        # Engines do not set the time of a root directory that no layer names.
        "mtime": None if of_root else is_.st_mtime_ns,
        "device": is_.st_rdev if kind in (stat.S_IFCHR, stat.S_IFBLK) else None,
        "size": is_.st_size if kind == stat.S_IFREG else None,
        "content": content(path) if kind == stat.S_IFREG else None,
        "link": os.readlink(path) if kind == stat.S_IFLNK else None,
        "xattrs": xattrs(path),
    }


def tree(root):
    """Path to description; the names of one file are described by the first of them."""
    root = os.fsencode(root)
    found, first = {}, {}
    for directory, directories, files in os.walk(root):
        directories.sort()
        for name in [b"."] * (directory == root) + sorted(directories + files):
            path = os.path.join(directory, name)
            shown = os.path.relpath(path, root)
            is_ = os.lstat(path)
            found[shown] = describe(path, name == b".")
            if not stat.S_ISDIR(is_.st_mode):
                found[shown]["same as"] = first.setdefault((is_.st_dev, is_.st_ino), shown)
    return found


def main():
    left, right = tree(sys.argv[1]), tree(sys.argv[2])
    for path in sorted(left.keys() ^ right.keys()):
        print(f"{path}: only in {sys.argv[1] if path in left else sys.argv[2]}")
    for path in sorted(left.keys() & right.keys()):
        for key in left[path]:
            if left[path][key] != right[path].get(key):
                print(f"{path}: {key} is {left[path][key]} and {right[path].get(key)}")
    same = left == right
    print(f"{len(left)} names, all the same" if same else "they differ")
    sys.exit(not same or len(left) < 2)


main()
