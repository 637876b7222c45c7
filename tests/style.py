#!/usr/bin/env python3
"""Prints how the code in src reads, in figures, and fails where one is out of bounds.

Counts what is compiled into the program: the tests at the end of a file do not count.
"""

import re
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLOSURE = re.compile(r"^\s*let (mut )?\w+(: [^=]+)? = (move )?\|")
COMBINATOR = re.compile(r"\.filter\(\|_\||\.then\(\||\.then_some\(")
FUNCTION = re.compile(r"^(\s*)(pub(\([^)]*\))? )?(const |async |unsafe )*fn \w+")
ODD_DOC = re.compile(r"^\s*//[/!] (What|Who|Of|Whoever)\b")


def program_lines(path):
    """The lines of a file before its tests."""
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines):
        if line.startswith("#[cfg(test)]") and lines[number + 1].startswith("mod "):
            return lines[:number] if lines[number + 1].endswith("{") else lines
    return lines


def functions(lines):
    """The lengths of the functions, from `fn` to the closing brace of the same indentation."""
    for start, line in enumerate(lines):
        match = FUNCTION.match(line)
        if not match:
            continue
        closing = match.group(1) + "}"
        for end in range(start, len(lines)):
            if end > start and lines[end] == closing or end == start and line.rstrip().endswith("}"):
                yield end - start + 1
                break
            if lines[end].rstrip().endswith(";") and "{" not in "".join(lines[start : end + 1]):
                break


def main():
    code = comments = closures = combinators = long_lines = odd_docs = 0
    width = 0
    lengths = []
    places = []
    for path in sorted((ROOT / "src").rglob("*.rs")):
        where = path.relative_to(ROOT)
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            if len(line) > 100:
                long_lines += 1
                places.append(f"{where}:{number}: {len(line)} columns")
        lines = program_lines(path)
        file_lengths = list(functions(lines))
        lengths += file_lengths
        places += [f"{where}: a function of {n} lines" for n in file_lengths if n > 80]
        for number, line in enumerate(lines, 1):
            text = line.strip()
            if not text:
                continue
            if ODD_DOC.match(line):
                odd_docs += 1
                places.append(f"{where}:{number}: {text}")
            if text.startswith("//"):
                comments += not text.startswith(("///", "//!"))
                continue
            code += 1
            width += len(line.strip())
            closures += bool(CLOSURE.match(line))
            combinators += len(COMBINATOR.findall(line))
    figures = [
        ("named local closures per 1,000 lines", closures / code * 1000, 2.0),
        ("`filter(|_|`, `then(||` and `then_some` per 10,000 lines", combinators / code * 10000, 8.0),
        ("comment lines per 100 lines of code", -comments / code * 100, -4.0),
        ("lines over 100 columns", long_lines, 0),
        ("mean length of a line of code", width / code, 30.0),
        ("median length of a function", statistics.median(lengths), 10),
        ("longest function", max(lengths), 80),
        ("doc comments that start with What, Who or Of", odd_docs, 0),
    ]
    if "--places" in sys.argv:
        print("\n".join(places))
    good = True
    for name, value, limit in figures:
        good &= value <= limit
        mark = "" if value <= limit else "  <-- out of bounds"
        word = "at least" if limit < 0 else "at most"
        print(f"{name:60} {abs(value):8.1f}   {word} {abs(limit):g}{mark}")
    print(f"{'lines of code':60} {code:8}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
