#!/usr/bin/env python3
"""Prints a case of software.toml for a real file: what a row of rules/software.toml finds in it.

    software.py SOURCE FILE PATH

SOURCE says where the file is from, PATH is where an image has it. The excerpt has the bytes around the version; bytes
that are not ASCII become question marks.
"""

import pathlib
import re
import sys
import tomllib

VERSION = rb"(?P<version>\d{1,5}(?:\.\d{1,5}){1,4}(?:[-.~]?(?:alpha|beta|rc)[-.]?\d{0,3})?)"
MARK = bytes.fromhex("3077af0c9274080241e1c107e6d618e6")
RULES = pathlib.Path(__file__).parents[2] / "rules/software.toml"


def compiled(pattern, whole=False):
    pattern = pattern.encode()
    if whole:
        pattern = rb"^(?:" + pattern + rb")$"
    return re.compile(pattern.replace(b"{version}", VERSION))


def quoted(text):
    escaped = "".join(
        letter if " " <= letter <= "~" and letter not in '"\\' else f"\\u{ord(letter):04x}" for letter in text
    )
    return f'"{escaped}"'


def go_lines(data, modules):
    start = data.find(MARK)
    if start < 0:
        return []
    lines = data[start + 16 :][:1_000_000].split(b"\xf92C1")[0].decode("ascii", "replace").split("\n")
    wanted = re.compile(r"path\t|build\t-ldflags=|(?:mod|dep)\t(?:" + "|".join(map(re.escape, modules)) + r")[\t/]")
    return [line for line in lines if wanted.match(line)]


def cases(rows, data, path):
    directory, _, name = f"/{path}".rpartition("/")
    for row in rows:
        found = [file for file in row["files"] if compiled(file, True).match(name.encode())]
        in_directory = not row.get("directory") or compiled(row["directory"], True).match(directory.encode())
        if not found or not in_directory:
            continue
        lines = go_lines(data, row["modules"]) if "modules" in row else []
        if "modules" in row and not lines:
            continue
        match = None
        for pattern in row.get("patterns", []):
            match = match or compiled(pattern).search(data)
        if match or lines or "version}" in row["files"][0] + row.get("directory", ""):
            yield row["name"], lines, match


def main():
    source, file, path = sys.argv[1:]
    data = pathlib.Path(file).read_bytes()
    rows = tomllib.loads(RULES.read_text())["software"]
    for name, lines, match in cases(rows, data, path):
        version = match.group("version").decode() if match else "?"
        print(f'[[case]]\nsoftware = "{name}"\nversion = "{version}"\nsource = {quoted(source)}\npath = "{path}"')
        if match:
            excerpt = data[max(0, match.start() - 16) : match.end() + 16]
            text = re.sub(rb"[^\x00-\x7f]", b"?", excerpt).decode()
            print(f"bytes = {quoted(text)}")
        if lines:
            print(f"go = [{', '.join(quoted(line) for line in lines)}]")
        print()
        return


main()
