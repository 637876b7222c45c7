#!/usr/bin/env python3
"""Runs jettison on hostile inputs of about one megabyte each, and prints the processor time and the peak memory of each run.

    benches/hostile.py                       every case
    benches/hostile.py lint/nested image/    the cases whose names start so
    benches/hostile.py --size 4000000        larger inputs
    benches/hostile.py --list                names only

Needs nothing but Python 3. The binary is `target/release/jettison`, or what `JETTISON_BINARY` names. Exits with 1 if a
run takes more than 10 seconds or 300 MB, is killed, or ends with anything but the exit statuses 0, 1 and 2.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib

SECONDS = 10
MEGABYTES = 300
# What a run may take at most before it is stopped, so that a bad case does not take the machine with it.
STOP_SECONDS = 30
STOP_BYTES = 8 << 30

SIZE = 1_000_000
CASES = {}


def case(name):
    """Registers a function that writes files into a directory and returns the arguments of jettison."""

    def register(function):
        assert name not in CASES, name
        CASES[name] = function
        return function

    return register


def fill(unit, size=None):
    """As many copies of `unit` as fit."""
    return unit * max(1, (size or SIZE) // len(unit))


def nest(opening, closing, inside="a", size=None):
    count = (size or SIZE) // (len(opening) + len(closing))
    return opening * count + inside + closing * count


def numbered(template, size=None):
    """`template` with 0, 1, 2… for `#`, until it is long enough."""
    parts, total, number = [], 0, 0
    while total < (size or SIZE):
        part = template.replace("#", str(number))
        parts.append(part)
        total += len(part)
        number += 1
    return "".join(parts)


# Dockerfiles

FROM = "FROM debian:12\n"

SHELL_TEXTS = {
    "substitutions": lambda: "a " + nest("$(a ", ")"),
    "substitutions-open": lambda: "a " + fill("$(a "),
    "substitutions-quoted": lambda: "a " + nest('"$(a ', ')"'),
    "substitutions-assigned": lambda: "a=" + nest("$(a=", ")"),
    "substitutions-shallow": lambda: "a " + fill(nest("$(a ", ") ", size=1000)),
    "backquotes": lambda: "a " + fill("`a "),
    "backquotes-escaped": lambda: "a `b \\`c \\\\\\`d " + fill("\\`"),
    "defaults": lambda: "a " + nest("${a:-", "}"),
    "arithmetic": lambda: "a $((" + nest("(", ")", "1") + "))",
    "arithmetic-commands": lambda: nest("((", "))", "1"),
    "subshells": lambda: nest("(", ")"),
    "subshells-spaced": lambda: nest("( ", " )"),
    "groups": lambda: nest("{ ", "; }"),
    "if": lambda: nest("if a; then ", "; fi"),
    "if-conditions": lambda: nest("if ", "; then a; fi"),
    "while": lambda: nest("while a; do ", "; done"),
    "for": lambda: nest("for a in b; do ", "; done"),
    "case": lambda: nest("case a in a) ", ";; esac"),
    "functions": lambda: nest("f() { ", "; }"),
    "not": lambda: fill("! ") + "a",
    "pipes": lambda: fill("a | ") + "a",
    "ands": lambda: fill("a && ") + "a",
    "ors": lambda: fill("a || ") + "a",
    "semicolons": lambda: fill("a; ") + "a",
    "words": lambda: "a " + fill("a "),
    "one-word": lambda: "a " + fill("a"),
    "quotes": lambda: "a " + fill("\"a\"'a'"),
    "escapes": lambda: "a " + fill("\\a"),
    "variables": lambda: "a " + fill("$a"),
    "assignments": lambda: fill("a=$a "),
    "assignment-lines": lambda: numbered("a#=$a#; "),
    "redirections": lambda: "a " + fill(">b "),
    "heredoc-openers": lambda: "a " + fill("<<E "),
    "herestrings": lambda: "a " + fill("<<<b "),
    "brackets": lambda: nest("[ ", " ]"),
    "double-brackets": lambda: nest("[[ ", " ]]"),
    "tests": lambda: "[[ " + fill("a && ") + "a ]]",
    "braces": lambda: "a " + nest("{a,", "}"),
    "brace-product": lambda: "a " + fill("{a,b}"),
    "globs": lambda: "rm /" + fill("*a"),
    "process-substitutions": lambda: "a " + nest("<(a ", ")"),
    "sudo": lambda: fill("sudo ") + "a",
    "env": lambda: fill("env ") + "a",
    "env-split": lambda: fill("env -S ") + "a",
    "find-exec": lambda: "find / " + fill("-exec a {} + "),
    "find-nested": lambda: "find / " + fill("-exec sudo find ") + "a",
    "shells": lambda: fill("sh -c ") + "a",
    "eval": lambda: fill("eval ") + "a",
    "apt": lambda: "apt-get install -y " + numbered("p#=1 "),
    "apt-lines": lambda: fill("apt-get install -y a && ") + "a",
    "rm": lambda: fill("rm -rf /a && ") + "a",
    "curl-tar": lambda: fill("curl -o /a https://a/a && tar xf /a && ") + "a",
    "set": lambda: fill("set -e; a | b; "),
    "exports": lambda: numbered("export A#=1; "),
    "cd": lambda: fill("cd a && ") + "a",
    "for-words": lambda: "for a in " + fill("a ") + "; do b; done",
    "case-items": lambda: "case a in " + fill("a) b;; ") + "esac",
    "elifs": lambda: "if a; then a; " + fill("elif a; then a; ") + "fi",
    "comments": lambda: "a; " + fill("# a; "),
    "aliases": lambda: numbered("alias a#='a' && ") + "a",
}


def one_line(text):
    """A text that a RUN can take: lines of at most 60 kB, as BuildKit demands."""
    return text.replace("\n", "\\\n")


def dockerfile(directory, text, *options):
    with open(os.path.join(directory, "Dockerfile"), "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return ["lint", "--select", "all", *options, os.path.join(directory, "Dockerfile")]


def own_rule(number, **keys):
    """A rule of a configuration file, as TOML."""
    keys = {"name": f"r{number}", "message": "m", **keys}
    return "[[rule]]\n" + "".join(f"{key.replace('_', '-')} = {json.dumps(value)}\n" for key, value in keys.items())


def own_rules(count, **keys):
    return "".join(own_rule(number, **keys) for number in range(count))


LETTERS = FROM + "RUN " + fill("ab", 500_000) + "\n"
# The rules of a repository, and what they check. The first of each pair is at the limits, the second beyond them.
for name, (rules, text) in {
    "message": (lambda: own_rule(1, instruction="RUN", text="[ab]+", message="{match}" * 140), LETTERS),
    "message-long": (lambda: own_rule(1, instruction="RUN", text="[ab]+", message="{match}" * 70_000), LETTERS),
    "fix": (lambda: own_rules(200, instruction="RUN", text="a.{0,9}", fix="$0" * 400), FROM + fill("RUN abababab\n", 10_000)),
    "fix-long": (lambda: own_rule(1, instruction="RUN", text="[ab]+", fix="$0" * 250_000), LETTERS),
    "commands": (lambda: own_rules(500, command="b"), FROM + "RUN " + fill("b;", 90_000) + "\n"),
    "labels": (lambda: own_rules(500, label="*"), FROM + numbered("LABEL a#=1\n", 200_000)),
    "globs": (lambda: own_rules(10, label=[f"*a{n}?*" for n in range(500)]), FROM + numbered("LABEL b#=1\n", 900_000)),
    "globs-many": (lambda: own_rule(1, label=[f"a{n}" for n in range(90_000)]), FROM + numbered("LABEL b#=1\n", 100_000)),
    "globs-of-choices": (lambda: own_rules(50, label=[f"*a????????{n}*" for n in range(100)]), FROM + numbered("LABEL " + "ab" * 120 + "#=1\n", 900_000)),
    "options": (lambda: own_rules(500, command="b", option=[f"-a{n}" for n in range(9)]), FROM + "RUN " + fill("b c d;", 90_000) + "\n"),
    "verbs": (lambda: own_rules(10, verb=[f"a{n}" for n in range(500)]), FROM + "RUN " + fill("apt-get b;", 400_000) + "\n"),
    "patterns": (lambda: own_rules(200, instruction="RUN", text="[ab]*a[ab]{400}[c-z]"), LETTERS),
    "patterns-of-words": (lambda: own_rules(200, instruction="RUN", text="\\w{2}\\s"), LETTERS),
    "patterns-many": (lambda: own_rules(500, instruction="RUN", text="\\w{20}"), LETTERS),
}.items():

    @case(f"lint-rules/{name}")
    def lint_rules(directory, rules=rules, text=text):
        with open(os.path.join(directory, ".jettison.toml"), "w") as file:
            file.write(rules())
        return dockerfile(directory, text)


for shell_name, shell_text in SHELL_TEXTS.items():
    case(f"lint/run/{shell_name}")(
        lambda directory, text=shell_text: dockerfile(directory, FROM + "RUN " + one_line(text()) + "\n")
    )
    case(f"lint/heredoc/{shell_name}")(
        lambda directory, text=shell_text: dockerfile(directory, FROM + "RUN <<EOF\n" + text() + "\nEOF\n")
    )

# Openers without an end, and with it, in a script of the largest size that is parsed
OPENERS = {
    "pattern-at": ("a@(", ")"),
    "pattern-plus": ("a+(", ")"),
    "pattern-question": ("a?(", ")"),
    "pattern-not": ("a!(", ")"),
    "pattern-alone": ("@(", ")"),
    "array": ("a=(", ")"),
    "substitution": ("a $(", ")"),
    "substitution-quoted": ('"$(', ')"'),
    "default": ("${a:-", "}"),
    "default-quoted": ('"${', '}"'),
    "arithmetic": ("a $((", "))"),
    "arithmetic-command": ("((", "))"),
    "test": ("[[ ", " ]]"),
    "group": ("{ ", "; }"),
    "if": ("if ", "; then a; fi"),
    "case": ("case a in a) ", ";; esac"),
    "for": ("for a in $(", "); do a; done"),
    "function": ("f() { ", "; }"),
    "backquote": ("`", "`"),
    "process": ("a <(", ")"),
}
for opener_name, (opening, closing) in OPENERS.items():
    case(f"lint/openers/{opener_name}-open")(
        lambda directory, opening=opening: dockerfile(directory, FROM + "RUN <<EOF\n" + fill(opening, 380_000) + "\nEOF\n")
    )
    case(f"lint/openers/{opener_name}")(
        lambda directory, opening=opening, closing=closing: dockerfile(
            directory, FROM + "RUN <<EOF\n" + nest(opening, closing, size=380_000) + "\nEOF\n"
        )
    )

QUOTED = "a"
for depth in range(17):
    QUOTED = 'sh -c "' + QUOTED.replace("\\", "\\\\").replace('"', '\\"') + '"'

DOCKERFILES = {
    "labels": lambda: FROM + numbered("LABEL a#=1\n"),
    "labels-same": lambda: FROM + fill("LABEL a=1\n"),
    "label-pairs": lambda: FROM + "LABEL " + numbered("a#=1 ") + "\n",
    "label-lines": lambda: FROM + "LABEL " + numbered("a#=1 \\\n") + "b=1\n",
    "stages": lambda: numbered("FROM a AS s#\n"),
    "stages-same": lambda: fill("FROM a\n"),
    "stages-chained": lambda: "FROM a AS s0\n" + "".join(
        f"FROM s{n} AS s{n + 1}\n" for n in range(SIZE // 22)
    ),
    "stages-copied": lambda: "FROM a AS s0\n" + "".join(
        f"FROM a AS s{n + 1}\nCOPY --from=s{n} /a /a\n" for n in range(SIZE // 44)
    ),
    "stages-copied-by-number": lambda: "FROM a\n" + "".join(
        f"FROM a\nCOPY --from={n} /a /a\n" for n in range(SIZE // 32)
    ),
    "stages-unknown": lambda: "FROM a\n" + numbered("FROM a AS s#\nCOPY --from=t# /a /a\n"),
    "stages-variable": lambda: "ARG A\n" + numbered("FROM a${A} AS s#\n"),
    "stages-circular": lambda: "".join(f"FROM a AS s{n}\nCOPY --from=s{n + 1} /a /a\n" for n in range(SIZE // 42)),
    "stages-with-user": lambda: "FROM a AS s0\n" + "".join(
        f"FROM s{n} AS s{n + 1}\nUSER a\nRUN a\n" for n in range(SIZE // 36)
    ),
    "args": lambda: numbered("ARG A#=1\n") + FROM,
    "args-in-stage": lambda: FROM + numbered("ARG A#=1\n"),
    "args-same": lambda: FROM + fill("ARG A=1\n"),
    "args-doubling": lambda: FROM + "ARG A0=aaaaaaaa\n" + "".join(
        f"ARG A{n + 1}=$A{n}$A{n}\n" for n in range(SIZE // 24)
    ),
    "args-long": lambda: FROM + "ARG A=" + "a" * 60000 + "\n" + numbered("ARG A#=$A\n"),
    "env": lambda: FROM + numbered("ENV A#=1\n"),
    "env-same": lambda: FROM + fill("ENV A=$A:1\n"),
    "env-pairs": lambda: FROM + "ENV " + numbered("A#=1 ") + "\n",
    "env-doubling": lambda: FROM + "ENV A=aaaaaaaa\n" + fill("ENV A=$A$A\n"),
    "env-secrets": lambda: FROM + numbered("ENV PASSWORD#=a\n"),
    "env-patterns": lambda: FROM + "ENV A=" + "a" * 60000 + "\n" + fill("ENV B=${A//*a*a*a*b/x}\n"),
    "env-defaults": lambda: FROM + "ENV A=" + nest("${a:-", "}") + "\n",
    "expose": lambda: FROM + numbered("EXPOSE #\n"),
    "expose-words": lambda: FROM + "EXPOSE " + numbered("# ") + "\n",
    "expose-range": lambda: FROM + fill("EXPOSE 1-65535\n"),
    "volume": lambda: FROM + numbered("VOLUME /a#\n"),
    "volume-then-run": lambda: FROM + "".join(f"VOLUME /a{n}\nRUN touch /a{n}/b\n" for n in range(SIZE // 36)),
    "run": lambda: FROM + fill("RUN a\n"),
    "run-apt": lambda: FROM + fill("RUN apt-get update && apt-get install -y a=1\n"),
    "run-rm": lambda: FROM + "".join(f"RUN touch /a{n}\nRUN rm /a{n}\n" for n in range(SIZE // 28)),
    "run-chown": lambda: FROM + fill("COPY a /a\nRUN chown -R a /a\n"),
    "run-mounts": lambda: FROM + "RUN " + numbered("--mount=type=cache,target=/a# ") + "a\n",
    "run-cd": lambda: FROM + fill("RUN cd /a && a\n"),
    "run-exec": lambda: FROM + fill('RUN ["a"]\n'),
    "run-exec-words": lambda: FROM + "RUN [" + fill('"a", ') + '"a"]\n',
    "run-json-nested": lambda: FROM + "RUN " + nest("[", "]", '"a"') + "\n",
    "run-json-open": lambda: FROM + "RUN " + fill("[") + "\n",
    "run-json-objects": lambda: FROM + "RUN [" + nest('{"a":', "}", "1") + "]\n",
    "run-quoted-shells": lambda: FROM + "RUN " + QUOTED + "\n",
    "run-fetches": lambda: FROM + numbered("RUN curl -fsSL -o /a#.tgz https://e.com/a#.tgz\n") + fill("RUN tar xf /a.tgz\n"),
    "copy": lambda: FROM + numbered("COPY a# /a\n"),
    "copy-same": lambda: FROM + fill("COPY a /a\n"),
    "copy-words": lambda: FROM + "COPY " + numbered("a# ") + "/a/\n",
    "copy-flags": lambda: FROM + "COPY " + fill("--link ") + "a /a\n",
    "copy-globs": lambda: FROM + "COPY " + fill("*a") + " /a\n",
    "copy-heredocs": lambda: FROM + "COPY " + fill("<<E ", SIZE // 2) + "/a\n" + fill("E\n", SIZE // 2),
    "add": lambda: FROM + numbered("ADD https://a/a# /a\n"),
    "workdir": lambda: FROM + fill("WORKDIR a\n"),
    "workdir-deep": lambda: FROM + "WORKDIR /" + fill("a/") + "\n",
    "user": lambda: FROM + numbered("USER u#\n"),
    "shell": lambda: FROM + fill('SHELL ["/bin/sh", "-c"]\n'),
    "cmd": lambda: FROM + fill("CMD a\n"),
    "entrypoint": lambda: FROM + fill('ENTRYPOINT ["a"]\n'),
    "healthcheck": lambda: FROM + fill("HEALTHCHECK CMD a\n"),
    "onbuild": lambda: FROM + fill("ONBUILD RUN a\n"),
    "onbuild-chain": lambda: FROM + fill("ONBUILD ") + "RUN a\n",
    "stopsignal": lambda: FROM + fill("STOPSIGNAL 9\n"),
    "maintainer": lambda: FROM + fill("MAINTAINER a\n"),
    "unknown": lambda: FROM + fill("FOO a\n"),
    "unknown-one": lambda: FROM + fill("F") + "\n",
    "comments": lambda: FROM + fill("# a\n"),
    "comments-inside": lambda: FROM + "RUN a \\\n" + fill("# a\n") + "  b\n",
    "empty-lines": lambda: FROM + fill("\n"),
    "empty-lines-inside": lambda: FROM + "RUN a \\\n" + fill("\n") + "  b\n",
    "continuations": lambda: FROM + "RUN a " + fill("\\\n"),
    "continuations-words": lambda: FROM + "RUN a " + fill("b \\\n"),
    "continuations-ands": lambda: FROM + "RUN a " + fill("\\\n&& b "),
    "blanks": lambda: FROM + "RUN a" + fill(" ") + "b\n",
    "directives": lambda: fill("# escape=\\\n") + FROM,
    "directives-other": lambda: numbered("# a#=b\n") + FROM,
    "check": lambda: "# check=skip=" + numbered("A#,") + "\n" + FROM,
    "check-long": lambda: "# check=" + fill("a;") + "\n" + FROM,
    "pragmas": lambda: FROM + fill("# jettison ignore=latest-tag\n"),
    "pragmas-names": lambda: FROM + "# jettison ignore=" + numbered("r#,") + "\nRUN a\n",
    "pragmas-hadolint": lambda: FROM + fill("# hadolint ignore=DL3008\n"),
    "pragmas-global": lambda: FROM + fill("# hadolint global ignore=DL3008\n"),
    "pragmas-file": lambda: fill("# jettison ignore-file=latest-tag\n") + FROM,
    "pragmas-shell": lambda: FROM + fill("# hadolint shell=bash\n"),
    "pragmas-used": lambda: FROM + fill("# jettison ignore=latest-tag\nRUN apt-get install a\n"),
    "pragmas-shellcheck": lambda: FROM + fill("RUN <<E\n# shellcheck disable=SC2086\na\nE\n"),
    "heredocs": lambda: FROM + fill("RUN <<E\na\nE\n"),
    "heredocs-many": lambda: FROM + "RUN a " + fill("<<E ", SIZE // 2) + "\n" + fill("E\n", SIZE // 2),
    "heredocs-open": lambda: FROM + numbered("RUN <<E#\n"),
    "heredocs-in-substitutions": lambda: FROM + "RUN <<EOF\n" + "".join(
        f"a $(cat <<E{n}\n" for n in range(SIZE // 30)
    ) + "".join(f"E{n}\n)\n" for n in reversed(range(SIZE // 30))) + "EOF\n",
    "heredoc-name": lambda: FROM + "RUN <<" + fill("E", SIZE // 2) + "\n",
    "quotes-open": lambda: FROM + fill("ENV A='\n"),
    "nul": lambda: b"FROM a\n" + b"\0" * SIZE,
    "bytes": lambda: b"FROM a\n" + bytes(range(128, 256)) * (SIZE // 128),
    "carriage-returns": lambda: FROM + fill("\r"),
    "one-line": lambda: fill("a"),
    "image-names": lambda: "FROM " + fill("a/") + "a\n",
    "image-name-colons": lambda: "FROM " + fill("a:") + "a\n",
    "image-digest": lambda: "FROM a@sha256:" + fill("a") + "\n",
    "platform": lambda: "FROM --platform=" + fill("a/") + " a\n",
    "spdx": lambda: FROM + "LABEL org.opencontainers.image.licenses=\"" + nest("(", ")", "MIT") + "\"\n",
    "label-long": lambda: FROM + "LABEL org.opencontainers.image.url=" + fill("a:") + "\n",
    "secret-lookalikes": lambda: FROM + "RUN curl -u " + fill("a:") + " https://a\n",
    "secret-tokens": lambda: FROM + fill("ENV A=AKIAIOSFODNN7EXAMPLE\n"),
    "secret-one": lambda: FROM + "ENV A=" + fill("AKIA") + "\n",
    "keys": lambda: FROM + fill("RUN apt-key adv --recv-keys a\n"),
    "urls": lambda: FROM + "RUN curl " + numbered("http://a/a# ") + "\n",
    "urls-piped": lambda: FROM + "RUN " + fill("curl http://a | sh && ") + "a\n",
}

for name, text in DOCKERFILES.items():
    case(f"lint/{name}")(lambda directory, text=text: dockerfile(directory, text()))


@case("lint/fix/apt")
def fix_apt(directory):
    return dockerfile(directory, FROM + fill("RUN apt-get install a\n"), "--fix", "--unsafe-fixes")


@case("lint/fix/labels")
def fix_labels(directory):
    return dockerfile(directory, FROM + numbered("LABEL a# 1\n"), "--fix", "--unsafe-fixes")


@case("lint/fix/run-words")
def fix_words(directory):
    return dockerfile(directory, FROM + "RUN apt-get install " + numbered("p# ") + "\n", "--fix", "--unsafe-fixes")


@case("lint/diff/maintainers")
def diff_maintainers(directory):
    return dockerfile(directory, FROM + fill("MAINTAINER a\n"), "--diff", "--unsafe-fixes")


for output in ["text", "json", "sarif", "codeclimate", "junit", "github", "compact", "sonarqube"]:
    case(f"lint/format/{output}")(
        lambda directory, output=output: dockerfile(directory, FROM + fill("RUN apt-get install a\n"), "--format", output)
    )
    case(f"lint/format-one-line/{output}")(
        lambda directory, output=output: dockerfile(
            directory, FROM + "RUN " + fill("cd /a && sudo b && ") + "a\n", "--format", output
        )
    )


@case("lint/dockerignore/patterns")
def ignore_patterns(directory):
    return ignored(directory, numbered("a#/**/b*\n"), fill("COPY a b/c/d /a\n", 100_000))


@case("lint/dockerignore/stars")
def ignore_stars(directory):
    return ignored(directory, fill("*a") + "\n", "COPY " + fill("a") + " /a\n")


@case("lint/dockerignore/double-stars")
def ignore_double_stars(directory):
    return ignored(directory, fill("**/") + "b\n", "COPY " + fill("a/", 2000) + " /a\n")


@case("lint/dockerignore/double-stars-many")
def ignore_double_stars_many(directory):
    return ignored(directory, fill(fill("**/a/", 100) + "b\n"), "COPY " + fill("a/", 400) + " /a\n")


@case("lint/gitignore/braces")
def gitignore_braces(directory):
    os.mkdir(os.path.join(directory, ".git"))
    with open(os.path.join(directory, ".gitignore"), "w") as file:
        file.write(nest("{a,", "}", size=250_000) + "\n")
    dockerfile(directory, FROM)
    return ["lint", directory]


@case("lint/dockerignore/not")
def ignore_not(directory):
    return ignored(directory, fill("!a\n"), "COPY a /a\n")


@case("lint/dockerignore/sets")
def ignore_sets(directory):
    return ignored(directory, fill("[a-z]") + "\n" + fill("[") + "\n", "COPY a /a\n")


def ignored(directory, patterns, copies):
    with open(os.path.join(directory, ".dockerignore"), "w") as file:
        file.write(patterns)
    return dockerfile(directory, FROM + copies)


# Configuration

CONFIGURATIONS = {
    ".jettison.toml": {
        "keys": lambda: numbered("a# = 1\n"),
        "arrays-nested": lambda: "a = " + nest("[", "]", ""),
        "tables-nested": lambda: "[" + fill("a.") + "a]\n",
        "tables-inline": lambda: "a = " + nest("{a=", "}", "1"),
        "ignore": lambda: "[lint]\nignore = [" + numbered('"r#", ') + "]\n",
        "globs": lambda: "exclude = [" + numbered('"**/a#*{b,c}*"' + ", ") + "]\n",
        "glob-braces": lambda: 'exclude = ["' + nest("{a,", "}") + '"]\n',
        "glob-braces-short": lambda: 'exclude = ["' + nest("{a,", "}", size=200_000) + '"]\n',
        "glob-braces-many": lambda: "exclude = [" + fill('"' + nest("{a,", "}", size=4000) + '", ', 200_000) + "]\n",
        "allowed-braces": lambda: '[[exception]]\nrule = "sudo"\nreason = "a"\npath = "' + nest("{a,", "}") + '"\n',
        "glob-stars": lambda: 'exclude = ["' + fill("*a") + '"]\n',
    },
    ".hadolint.yaml": {
        "keys": lambda: numbered("a#: 1\n"),
        "flow-nested": lambda: "a: " + nest("[", "]", ""),
        "maps-nested": lambda: "a: " + nest("{a: ", "}", "1"),
        "aliases": lambda: "a0: &a0 [a,a,a,a,a,a,a,a,a]\n" + "".join(
            f"a{n + 1}: &a{n + 1} [{','.join([f'*a{n}'] * 9)}]\n" for n in range(40)
        ),
        "indented": lambda: "".join(" " * n + "a:\n" for n in range(1400)),
        "ignored": lambda: "ignored:\n" + numbered("  - DL#\n"),
        "anchors": lambda: "a: &a\n" + numbered("  b#: *a\n"),
        "strings": lambda: 'a: "' + fill("\\n") + '"\n',
    },
}

for file_name, texts in CONFIGURATIONS.items():
    for name, text in texts.items():

        @case(f"lint/{file_name}/{name}")
        def configured(directory, file_name=file_name, text=text):
            with open(os.path.join(directory, file_name), "w") as file:
                file.write(text())
            return dockerfile(directory, FROM)


# Images


class Layer:
    """A layer of an image, as a tar archive."""

    def __init__(self):
        self.bytes = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.bytes, mode="w", format=tarfile.PAX_FORMAT)

    def file(self, name, content=b"", mode=0o755):
        info = tarfile.TarInfo(name)
        info.mode, info.size = mode, len(content)
        self.tar.addfile(info, io.BytesIO(content))
        return self

    def link(self, name, target):
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, target, 0o777
        self.tar.addfile(info)
        return self

    def hard_link(self, name, target, mode=0o755):
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.mode = tarfile.LNKTYPE, target, mode
        self.tar.addfile(info)
        return self

    def sparse(self, name, length, content=b"", mode=0o755):
        """A file of that many bytes, `content` at its start and a hole for the rest."""
        info = tarfile.TarInfo(name)
        info.mode, info.size = mode, len(content)
        info.pax_headers = {
            "GNU.sparse.major": "0",
            "GNU.sparse.minor": "1",
            "GNU.sparse.name": name,
            "GNU.sparse.size": str(length),
            "GNU.sparse.map": f"0,{len(content)}",
        }
        self.tar.addfile(info, io.BytesIO(content))
        return self

    def end(self):
        self.tar.close()
        return self.bytes.getvalue()


def image(directory, layers, config=None, history=None, compressed=False):
    """Writes a Docker archive."""
    blobs = [layer.end() if isinstance(layer, Layer) else layer for layer in layers]
    document = {
        "architecture": "amd64",
        "os": "linux",
        "config": config if config is not None else {"Entrypoint": ["/app"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(blob).hexdigest() for blob in blobs]},
    }
    if history is not None:
        document["history"] = history
    path = os.path.join(directory, "image.tar")
    with tarfile.open(path, "w") as tar:

        def member(name, content):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))

        names = []
        for number, blob in enumerate(blobs):
            names.append(f"{number}/layer.tar")
            member(names[-1], gzip.compress(blob, 9) if compressed else blob)
        member("config.json", json.dumps(document).encode())
        member("manifest.json", json.dumps([{"Config": "config.json", "RepoTags": ["a:b"], "Layers": names}]).encode())
    return path


SH = b"#!/bin/sh\n"


def scripted(text):
    """An image whose entry point is a script."""

    def make(directory):
        content = text() if callable(text) else text
        content = content if isinstance(content, bytes) else content.encode()
        return image(directory, [Layer().file("bin/sh", b"x").file("app", SH + content)])

    return make


IMAGES = {f"script/{name}": scripted(text) for name, text in SHELL_TEXTS.items()}


def registered(name):
    def register(function):
        IMAGES[name] = function
        return function

    return register


IMAGES["script/values-doubling"] = scripted(
    lambda: "A0=aaaaaaaa\n" + "".join(f"A{n + 1}=$A{n}$A{n}\n" for n in range(SIZE // 24))
)
IMAGES["script/values-same"] = scripted(lambda: fill("A=$A/a\n"))
IMAGES["script/values-many"] = scripted(lambda: numbered("A=/a#\n", SIZE // 2) + fill("$A/$A/$A\n", SIZE // 2))
IMAGES["script/values-defaults-open"] = scripted(lambda: fill("${A:="))
IMAGES["script/values-defaults"] = scripted(lambda: nest("${A:=", "}"))
IMAGES["script/paths"] = scripted(lambda: numbered("/a/b# "))
IMAGES["script/paths-globs"] = scripted(lambda: fill("cat /*/*/*/*/*/*\n"))
IMAGES["script/path-deep"] = scripted(lambda: "cat /" + fill("a/"))
IMAGES["script/quoted-shells"] = scripted(lambda: QUOTED)
IMAGES["script/evals"] = scripted(lambda: fill("eval 'a b'\n"))
IMAGES["script/traps"] = scripted(lambda: fill("trap 'eval \"a b\"' EXIT\n"))
IMAGES["script/sources"] = scripted(lambda: fill(". /app\n"))
IMAGES["script/lines"] = scripted(lambda: fill("a\n"))
IMAGES["script/programs"] = scripted(lambda: numbered("p#\n"))


@registered("script/included")
def included(directory):
    layer = Layer().file("bin/sh", b"x")
    count = 600
    for number in range(count):
        layer.file(f"s{number}", SH + f"A{number}=/a\n. /s{number + 1}\n".encode() + fill("a=b\n", SIZE // count).encode())
    return image(directory, [layer.file("app", SH + b". /s0\n")])


@registered("script/included-by-all")
def included_by_all(directory):
    layer = Layer().file("bin/sh", b"x").file("lib", SH + fill("A=b\n", SIZE // 2).encode())
    return image(directory, [layer.file("app", SH + fill(". /lib\n", SIZE // 2).encode())])


@registered("config/entrypoint-text")
def entrypoint_text(directory):
    text = "a " + nest("$(a ", ")")
    return image(directory, [Layer().file("bin/sh", b"x")], {"Entrypoint": ["/bin/sh", "-c", text]})


@registered("config/env")
def config_env(directory):
    env = [f"A{n}=/a" for n in range(SIZE // 14)]
    return image(directory, [Layer().file("bin/sh", b"x").file("app", SH + b"a $A1\n")], {"Entrypoint": ["/app"], "Env": env})


@registered("config/path")
def config_path(directory):
    env = ["PATH=" + numbered("/a#:")]
    return image(
        directory,
        [Layer().file("bin/sh", b"x").file("app", SH + numbered("p#\n", 20_000).encode())],
        {"Entrypoint": ["/app"], "Env": env},
    )


@registered("config/path-there")
def config_path_there(directory):
    layer = Layer().file("bin/sh", b"x")
    for number in range(900):
        layer.file(f"a{number}/b", b"", 0o644)
    script = SH.decode() + numbered("p#\n", 100_000) + fill("b\n. b\n. none\n", 200_000)
    env = ["PATH=" + "".join(f"/a{number}:" for number in range(900))]
    return image(directory, [layer.file("app", script.encode())], {"Entrypoint": ["/app"], "Env": env})


@registered("config/path-shebangs")
def config_path_shebangs(directory):
    layer = Layer()
    for number in range(900):
        layer.file(f"usr/bin/f{number}", b"#!/usr/bin/env none\n")
    layer.file("bin/sh", b"x").file("usr/bin/env", b"x")
    script = SH.decode() + numbered("/usr/bin/f#\n", 12_000)
    env = ["PATH=/usr/bin:" + numbered("/a#:", 400_000)]
    return image(directory, [layer.file("app", script.encode())], {"Entrypoint": ["/app"], "Env": env})


@registered("config/labels")
def config_labels(directory):
    return image(directory, [Layer().file("app")], {"Entrypoint": ["/app"], "Labels": {f"a{n}": "b" for n in range(SIZE // 12)}})


@registered("config/volumes")
def config_volumes(directory):
    return image(directory, [Layer().file("app")], {"Entrypoint": ["/app"], "Volumes": {f"/a{n}": {} for n in range(SIZE // 14)}})


@registered("config/history")
def config_history(directory):
    history = [{"created_by": "RUN /bin/sh -c a # buildkit", "empty_layer": True}] * (SIZE // 70)
    return image(directory, [Layer().file("app")], history=[*history, {"created_by": "COPY a /"}])


@registered("config/history-one")
def config_history_one(directory):
    return image(directory, [Layer().file("app")], history=[{"created_by": "RUN /bin/sh -c " + nest("$(a ", ")")}])


@registered("config/json-nested")
def json_nested(directory):
    path = image(directory, [Layer().file("app")])
    with tarfile.open(path, "w") as tar:
        for name, content in [("config.json", nest("[", "]", "").encode()), ("manifest.json", nest("[", "]", "").encode())]:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


for sparse_name, head in {
    "zeros": b"",
    "elf": b"\x7fELF\x02\x01\x01" + bytes(57),
    "script": SH,
    "shebang": b"#!/bin/cat\n",
    "python": b"#!/usr/bin/python3\n",
}.items():
    IMAGES[f"sparse/entrypoint-{sparse_name}"] = lambda directory, head=head: image(
        directory, [Layer().file("bin/sh", b"x").sparse("app", 200 << 30, head)]
    )

# Files that some reader takes into memory, by their paths, each of 200 GB.
READ = [
    "etc/passwd", "etc/group", "etc/shadow", "etc/os-release", "etc/ld.so.conf", "etc/ld.so.cache", "etc/ld.so.preload",
    "etc/ld-musl-x86_64.path", "etc/nsswitch.conf", "etc/nginx/nginx.conf", "etc/debian_version", "etc/alpine-release",
    "var/lib/dpkg/status", "var/lib/dpkg/info/a.list", "var/lib/dpkg/status.d/a", "lib/apk/db/installed",
    "usr/lib/apk/db/installed", "var/lib/rpm/rpmdb.sqlite", "var/lib/rpm/Packages.db", "var/lib/rpm/Packages",
    "usr/lib/sysimage/rpm/rpmdb.sqlite", "usr/lib/node_modules/a/package.json", "app.d/package.json", "a.jar", "a.war",
    "usr/lib/python3/dist-packages/a.dist-info/METADATA", "usr/lib/python3/dist-packages/a.dist-info/RECORD",
    "usr/lib/python3/dist-packages/a.egg-info/PKG-INFO", "usr/lib/python3/dist-packages/a.pth",
    "usr/lib/python3/dist-packages/a.py", "usr/lib/ruby/gems/3.0.0/specifications/a.gemspec",
    "etc/supervisor/supervisord.conf", "etc/services.d/a/run", "etc/s6-overlay/s6-rc.d/a/run", "etc/cont-init.d/a",
    "root/.aws/credentials", "root/.ssh/id_rsa", "root/.netrc", "root/.docker/config.json", "root/.npmrc", "app.env", ".env",
    "usr/share/zoneinfo/UTC", "etc/ssl/certs/ca-certificates.crt", "usr/lib/jvm/a/lib/modules", "usr/lib/jvm/a/release",
    "etc/crontab", "etc/sudoers", "a.key", "a.pem", "bin/busybox", "lib64/ld-linux-x86-64.so.2", "lib/ld-musl-x86_64.so.1",
    "usr/lib/libc.so.6", "usr/lib/perl5/a.pm", "usr/share/perl5/a.pl", "usr/lib/node_modules/a/index.js", "a.php", "a.lua",
]
for path in READ:

    @registered(f"sparse/{path}")
    def sparse(directory, path=path):
        layer = Layer().file("app", SH + f"a /{path}\nnode /usr/lib/node_modules/a/index.js\n".encode())
        return image(directory, [layer.file("bin/sh", b"x").sparse(path, 200 << 30, mode=0o755)], {
            "Entrypoint": ["/app", "/" + path], "User": "a"
        })


@registered("sparse/layer-pieces")
def sparse_pieces(directory):
    layer = Layer()
    info = tarfile.TarInfo("app")
    pieces = [(n * 1024, 1) for n in range(SIZE // 30)]
    content = b"a" * len(pieces)
    info.mode, info.size = 0o755, len(content)
    info.pax_headers = {
        "GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.name": "app", "GNU.sparse.size": str(200 << 30),
        "GNU.sparse.map": ",".join(f"{start},{count}" for start, count in pieces),
    }
    layer.tar.addfile(info, io.BytesIO(content))
    return image(directory, [layer])


BOMB = 1_100_000_000


@registered("bomb/entrypoint-zeros")
def bomb_zeros(directory):
    return bomb(directory, "app", b"")


@registered("bomb/entrypoint-script")
def bomb_script(directory):
    return bomb(directory, "app", SH)


@registered("bomb/entrypoint-elf")
def bomb_elf(directory):
    return bomb(directory, "app", elf())


@registered("bomb/passwd")
def bomb_passwd(directory):
    return bomb(directory, "etc/passwd", b"", line=b"a:x:1:1::/:/a\n")


@registered("bomb/dpkg")
def bomb_dpkg(directory):
    return bomb(directory, "var/lib/dpkg/status", b"", line=b"Package: a\nStatus: install ok installed\nVersion: 1\n\n")


@registered("bomb/apk")
def bomb_apk(directory):
    return bomb(directory, "lib/apk/db/installed", b"", line=b"P:a\nV:1\nF:a\nR:b\n\n")


@registered("bomb/jar")
def bomb_jar(directory):
    return bomb(directory, "a.jar", b"PK\x03\x04")


@registered("bomb/python-record")
def bomb_record(directory):
    return bomb(directory, "usr/lib/python3/dist-packages/a.dist-info/RECORD", b"", line=b"a.py,,\n")


@registered("bomb/package-json")
def bomb_package(directory):
    return bomb(directory, "usr/lib/node_modules/a/package.json", b"", line=b"[")


@registered("bomb/names")
def bomb_names(directory):
    layer = Layer()
    for number in range(200_000):
        layer.file(f"a{number}")
    return image(directory, [layer], compressed=True)


def bomb(directory, path, head, line=b"\0"):
    """A layer of a gigabyte that gzip makes a megabyte of, with a file at that path."""
    header = tarfile.TarInfo(path)
    content_size = BOMB
    header.size, header.mode = content_size, 0o755
    app = Layer().file("bin/sh", b"x").file("app.sh", SH + f"a /{path}\n".encode()).end().rstrip(b"\0")
    app += bytes(-len(app) % 512)
    layer_path = os.path.join(directory, "layer.gz")
    digest = hashlib.sha256()
    block = line * max(1, (1 << 20) // len(line))
    with gzip.open(layer_path, "wb", compresslevel=6) as out:

        def put(data):
            digest.update(data)
            out.write(data)

        put(app)
        put(header.tobuf())
        put(head)
        left = content_size - len(head)
        while left:
            part = block[: min(left, len(block))]
            put(part)
            left -= len(part)
        put(bytes(-content_size % 512 + 1024))
    archive = os.path.join(directory, "image.tar")
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": ["/" + path], "Cmd": ["/app.sh"], "User": "a"},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest.hexdigest()]},
    }
    with tarfile.open(archive, "w") as tar:
        tar.add(layer_path, "layer.tar")
        for name, value in [
            ("config.json", config),
            ("manifest.json", [{"Config": "config.json", "RepoTags": ["a:b"], "Layers": ["layer.tar"]}]),
        ]:
            data = json.dumps(value).encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return archive


def elf(needed=(), strings=b"\0", interpreter=None, runpath=None, extra=b""):
    """A shared object or program with these needs."""
    table = bytearray(b"\0")
    dynamic = []

    def string(text):
        place = len(table)
        table.extend(text + b"\0")
        return place

    for name in needed:
        dynamic.append((1, string(name)))
    if runpath:
        dynamic.append((29, string(runpath)))
    table += strings
    headers = 3 if interpreter else 2
    start = 64 + 56 * headers
    interp = (interpreter or b"") + b"\0"
    table_at = start + len(interp)
    dynamic += [(5, 0x10000 + table_at), (10, len(table))]
    dynamic.append((0, 0))
    dynamic_at = (table_at + len(table) + 7) & ~7
    content = b"".join(struct.pack("<QQ", *entry) for entry in dynamic)
    size = dynamic_at + len(content) + len(extra)
    program = [(1, 5, 0, 0x10000, size), (2, 6, dynamic_at, 0x10000 + dynamic_at, len(content))]
    if interpreter:
        program.insert(0, (3, 4, start, 0x10000 + start, len(interp)))
    out = b"\x7fELF\x02\x01\x01" + bytes(9)
    out += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, len(program), 64, 0, 0)
    for kind, flags, offset, address, length in program:
        out += struct.pack("<IIQQQQQQ", kind, flags, offset, address, address, length, length, 4096)
    out += interp + bytes(table)
    out += bytes(dynamic_at - len(out)) + content + extra
    return out


@registered("elf/needed")
def elf_needed(directory):
    names = [b"lib%d.so" % n for n in range(SIZE // 30)]
    return image(directory, [Layer().file("lib64/ld-linux-x86-64.so.2", elf()).file("app", elf(names, interpreter=b"/lib64/ld-linux-x86-64.so.2"))])


@registered("elf/needed-and-there")
def elf_needed_there(directory):
    names = [b"lib%d.so" % n for n in range(2000)]
    layer = Layer().file("lib64/ld-linux-x86-64.so.2", elf())
    for name in names:
        layer.file("lib/" + name.decode(), elf())
    return image(directory, [layer.file("app", elf(names, interpreter=b"/lib64/ld-linux-x86-64.so.2"))])


@registered("elf/needed-chain")
def elf_needed_chain(directory):
    layer = Layer().file("lib64/ld-linux-x86-64.so.2", elf())
    for number in range(1500):
        layer.file(f"lib/lib{number}.so", elf([b"lib%d.so" % (number + 1)]))
    return image(directory, [layer.file("app", elf([b"lib0.so"], interpreter=b"/lib64/ld-linux-x86-64.so.2"))])


@registered("elf/many-programs")
def elf_many_programs(directory):
    layer = Layer().file("lib64/ld-linux-x86-64.so.2", elf()).file("bin/sh", b"x")
    for number in range(200):
        layer.file(f"lib/lib{number}.so", elf([b"lib%d.so" % (number + 1)]))
    for number in range(400):
        layer.file(f"bin/p{number}", elf([b"lib0.so"], interpreter=b"/lib64/ld-linux-x86-64.so.2"))
    return image(directory, [layer.file("app", SH + "".join(f"p{n}\n" for n in range(400)).encode())])


@registered("elf/runpath")
def elf_runpath(directory):
    path = numbered("/a#:").encode()
    return image(
        directory,
        [Layer().file("lib64/ld-linux-x86-64.so.2", elf()).file("app", elf([b"lib%d.so" % n for n in range(1000)], interpreter=b"/lib64/ld-linux-x86-64.so.2", runpath=path))],
    )


@registered("elf/strings")
def elf_strings(directory):
    return image(directory, [Layer().file("app", elf(extra=numbered("\0/a#.so").encode()))])


@registered("elf/paths")
def elf_paths(directory):
    return image(directory, [Layer().file("etc/a").file("app", elf(extra=fill("/etc/a").encode()))])


@registered("elf/lea")
def elf_lea(directory):
    return image(directory, [Layer().file("etc/a").file("app", elf(extra=b"\x48\x8d\x05\0\0\0\0\xb8\x20\0\0\0" * (SIZE // 12)))])


@registered("elf/go")
def elf_go(directory):
    return image(directory, [Layer().file("app", elf(extra=b"\xff Go buildinf:\x08\x02" * (SIZE // 16)))])


@registered("elf/cache")
def elf_cache(directory):
    count = SIZE // 24
    cache = b"glibc-ld.so.cache1.1" + struct.pack("<II", count, 16) + bytes(20)
    strings = 48 + 24 * count
    cache += b"".join(struct.pack("<iIIIQ", 0x303, strings, strings, 0, 0) for _ in range(count)) + b"liba.so\0" * 2
    names = [b"lib%d.so" % n for n in range(500)]
    return image(directory, [
        Layer().file("etc/ld.so.cache", cache).file("lib64/ld-linux-x86-64.so.2", elf(extra=b"/etc/ld.so.cache\0ld.so-1.7.0\0glibc-ld.so.cache1.1"))
        .file("app", elf(names, interpreter=b"/lib64/ld-linux-x86-64.so.2"))
    ])


@registered("elf/conf-includes")
def elf_conf(directory):
    layer = Layer().file("lib64/ld-linux-x86-64.so.2", elf()).file("app", elf([b"liba.so"], interpreter=b"/lib64/ld-linux-x86-64.so.2"))
    layer.file("etc/ld.so.conf", b"include /etc/ld.so.conf.d/*.conf\n")
    for number in range(1000):
        layer.file(f"etc/ld.so.conf.d/{number}.conf", b"include /etc/ld.so.conf.d/*.conf\n/a\n")
    return image(directory, [layer])


@registered("tree/links")
def tree_links(directory):
    layer = Layer().file("bin/sh", b"x").file("end")
    for number in range(1500):
        layer.link(f"l{number}", f"/l{number + 1}")
    return image(directory, [layer.file("app", SH + "".join(f"/l{n}\n" for n in range(1500)).encode())])


@registered("tree/links-doubling")
def tree_links_doubling(directory):
    layer = Layer().file("bin/sh", b"x")
    for number in range(39):
        layer.link(f"l{number}", f"l{number + 1}/../l{number + 1}")
    layer.file("l39/a")
    return image(directory, [layer.file("app", SH + fill("/l0/a\n", 60_000).encode())])


@registered("tree/loops")
def tree_loops(directory):
    layer = Layer().file("bin/sh", b"x").link("a/a", ".").link("a/b", "..").file("a/c")
    return image(directory, [layer.file("app", SH + fill("/a/a/a/a/b/a/b/a/b/a/c /a/*/*/*/*/*/*/*/*/*/*/*/*/*\n", 200_000).encode())])


@registered("tree/deep")
def tree_deep(directory):
    layer = Layer().file("bin/sh", b"x")
    for number in range(450):
        layer.file("a/" * number + f"f{number}", b"x")
    return image(directory, [layer.file("app", SH + b"cat /**/f\n")])


@registered("tree/too-deep")
def tree_too_deep(directory):
    return image(directory, [Layer().file("a/" * 1500 + "f", b"x").file("app")])


@registered("tree/wide")
def tree_wide(directory):
    layer = Layer().file("bin/sh", b"x")
    for number in range(900):
        layer.file(f"d/{number}", SH + b"/d/*\n")
    return image(directory, [layer.file("app", SH + b"/d/*\n")])


@registered("tree/hard-links")
def tree_hard_links(directory):
    layer = Layer().file("bin/sh", b"x").file("app", SH + fill("a /bin/sh $(b)\n", 400_000).encode())
    for number in range(600):
        layer.hard_link(f"app{number}", "app")
    return image(directory, [layer], {"Entrypoint": ["/bin/sh", "-c", " ".join(f"/app{n}" for n in range(600))]})


@registered("tree/layers")
def tree_layers(directory):
    return image(directory, [Layer().file("app", str(n).encode()) for n in range(90)])


@registered("tree/long-names")
def tree_long_names(directory):
    layer = Layer()
    for number in range(240):
        layer.file("/".join(["a" * 200] * 18) + f"/{number}")
    return image(directory, [layer.file("app")])


# Databases of packages

@registered("packages/dpkg")
def packages_dpkg(directory):
    return database(directory, "var/lib/dpkg/status", numbered("Package: p#\nStatus: install ok installed\nVersion: 1\n\n"))


@registered("packages/dpkg-fields")
def packages_dpkg_fields(directory):
    return database(directory, "var/lib/dpkg/status", "Package: a\nStatus: install ok installed\nVersion: 1\n" + numbered("A#: b\n") + "\n")


@registered("packages/dpkg-depends")
def packages_dpkg_depends(directory):
    text = "Package: a\nStatus: install ok installed\nVersion: 1\nDepends: " + numbered("p#, ") + "\n"
    return database(directory, "var/lib/dpkg/status", text)


@registered("packages/dpkg-continued")
def packages_dpkg_continued(directory):
    return database(directory, "var/lib/dpkg/status", "Package: a\nStatus: install ok installed\nVersion: 1\nConffiles:\n" + fill(" a\n"))


@registered("packages/dpkg-list")
def packages_dpkg_list(directory):
    layer = Layer().file("app").file("var/lib/dpkg/status", b"Package: a\nStatus: install ok installed\nVersion: 1\n\n")
    return image(directory, [layer.file("var/lib/dpkg/info/a.list", fill("/app\n").encode())])


@registered("packages/dpkg-version")
def packages_dpkg_version(directory):
    return database(directory, "var/lib/dpkg/status", "Package: a\nStatus: install ok installed\nVersion: " + fill("1.") + "\n\n")


@registered("packages/apk")
def packages_apk(directory):
    return database(directory, "lib/apk/db/installed", numbered("P:p#\nV:1\nA:x\nF:a\nR:b\n\n"))


@registered("packages/apk-files")
def packages_apk_files(directory):
    return database(directory, "lib/apk/db/installed", "P:p\nV:1\n" + fill("F:a\nR:b\n") + "\n")


@registered("packages/apk-depends")
def packages_apk_depends(directory):
    return database(directory, "lib/apk/db/installed", "P:p\nV:1\nD:" + numbered("p# ") + "\n\n")


@registered("packages/jar-entries")
def packages_jar_entries(directory):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number in range(SIZE // 120):
            archive.writestr(f"META-INF/maven/a/a{number}/pom.properties", "")
    return database(directory, "a.jar", data.getvalue())


@registered("packages/jar-nested")
def packages_jar_nested(directory):
    inner = b""
    for _ in range(5):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(10):
                archive.writestr(f"{number}.jar", inner or bytes(100_000_000))
        inner = data.getvalue()
    return database(directory, "a.jar", inner)


@registered("packages/jar-manifest")
def packages_jar_manifest(directory):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/MANIFEST.MF", bytes(900_000_000))
    return database(directory, "a.jar", data.getvalue())


@registered("packages/jar-class-path")
def packages_jar_class_path(directory):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Class-Path: " + numbered("a#.jar ") + "\n\n")
    layer = Layer().file("a.jar", data.getvalue()).file("usr/bin/java", elf())
    return image(directory, [layer], {"Entrypoint": ["/usr/bin/java", "-jar", "/a.jar"]})


@registered("packages/many-jars")
def packages_many_jars(directory):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/MANIFEST.MF", bytes(1_000_000))
    layer = Layer().file("app")
    for number in range(400):
        layer.file(f"{number}.jar", data.getvalue())
    return image(directory, [layer])


@registered("packages/python-record")
def packages_record(directory):
    layer = Layer().file("app").file("usr/lib/python3/dist-packages/a.dist-info/METADATA", b"Name: a\nVersion: 1\n")
    return image(directory, [layer.file("usr/lib/python3/dist-packages/a.dist-info/RECORD", fill("../../../../app,,\n").encode())])


@registered("packages/python-requires")
def packages_requires(directory):
    text = "Name: a\nVersion: 1\n" + numbered("Requires-Dist: p#\n")
    return database(directory, "usr/lib/python3/dist-packages/a.dist-info/METADATA", text)


@registered("packages/package-json")
def packages_package_json(directory):
    return database(directory, "usr/lib/node_modules/a/package.json", '{"name":"a","version":"1","x":' + nest("[", "]", "") + "}")


@registered("packages/package-json-scripts")
def packages_package_scripts(directory):
    text = json.dumps({"name": "a", "version": "1", "scripts": {f"s{n}": "node a.js" for n in range(SIZE // 25)}})
    layer = Layer().file("usr/bin/node", elf()).file("app/package.json", text.encode()).file("app/a.js", b"require('./b')")
    return image(directory, [layer], {"Entrypoint": ["/usr/bin/node", "/app/a.js"]})


@registered("packages/gemspec")
def packages_gemspec(directory):
    return database(directory, "usr/lib/ruby/gems/3.0.0/specifications/a-1.gemspec", numbered('s.name = "a#"\n'))


@registered("packages/rpm-sqlite-loop")
def packages_rpm_sqlite(directory):
    page = bytearray(b"SQLite format 3\0" + struct.pack(">HBBBBBBI", 4096, 1, 1, 0, 64, 32, 32, 1) + bytes(4064))
    count = SIZE // 4096
    page[28:32] = struct.pack(">I", count)
    page[100] = 5
    page[103:105] = struct.pack(">H", 200)
    page[108:112] = struct.pack(">I", 2)
    inner = bytearray(4096)
    inner[0] = 5
    inner[3:5] = struct.pack(">H", 1000)
    inner[8:12] = struct.pack(">I", 2)
    for cell in range(1000):
        inner[12 + 2 * cell:14 + 2 * cell] = struct.pack(">H", 3000)
    inner[3000:3004] = struct.pack(">I", 2)
    return database(directory, "var/lib/rpm/rpmdb.sqlite", bytes(page) + bytes(inner) * (count - 1))


def database(directory, path, content):
    content = content if isinstance(content, bytes) else content.encode()
    return image(directory, [Layer().file("app").file(path, content)])


# Interpreters

INTERPRETED = {
    "python": ("app.py", b"#!/usr/bin/python3\n", {
        "imports": lambda: numbered("import m#\n"),
        "imports-one": lambda: "import " + numbered("m#, "),
        "dots": lambda: "from " + fill(".") + " import a\n",
        "strings": lambda: fill("'a' "),
        "string-open": lambda: fill('"""'),
        "brackets": lambda: nest("(", ")"),
        "names-dotted": lambda: "import " + fill("a.") + "a\n",
    }),
    "node": ("app.js", b"#!/usr/bin/node\n", {
        "requires": lambda: numbered("require('./m#');\n"),
        "imports": lambda: numbered("import './m#.js';\n"),
        "templates": lambda: nest("`${", "}`"),
        "comments": lambda: fill("/*"),
        "regexes": lambda: fill("/a/ "),
        "path": lambda: "require('" + fill("../") + "a')\n",
    }),
    "perl": ("app.pl", b"#!/usr/bin/perl\n", {
        "uses": lambda: numbered("use M#;\n"),
        "uses-dotted": lambda: "use " + fill("A::") + "A;\n",
        "pod": lambda: fill("=pod\n"),
        "heredocs": lambda: fill("print <<E;\n"),
    }),
    "ruby": ("app.rb", b"#!/usr/bin/ruby\n", {"requires": lambda: numbered("require 'm#'\n")}),
    "php": ("app.php", b"#!/usr/bin/php\n", {"includes": lambda: numbered("<?php include 'm#.php';\n")}),
    "lua": ("app.lua", b"#!/usr/bin/lua\n", {"requires": lambda: numbered("require 'm#'\n")}),
}
for language, (file_name, head, texts) in INTERPRETED.items():
    for name, text in texts.items():

        @registered(f"interpreted/{language}-{name}")
        def interpreted(directory, language=language, file_name=file_name, head=head, text=text):
            program = {"python": "python3"}.get(language, language)
            layer = Layer().file(f"usr/bin/{program}", elf()).file("app/" + file_name, head + text().encode())
            layer.file("usr/lib/python3.11/os.py").file("usr/lib/node_modules/a/package.json", b'{"name":"a"}')
            return image(directory, [layer], {"Entrypoint": [f"/usr/bin/{program}", "/app/" + file_name]})


@registered("interpreted/node-modules-deep")
def node_modules_deep(directory):
    layer = Layer().file("usr/bin/node", elf()).file("app/a.js", numbered("require('m#');\n", SIZE // 2).encode())
    path = "app/"
    for number in range(150):
        path += "node_modules/a/"
        layer.file(path + "package.json", b'{"name":"a","version":"1","dependencies":{"a":"1"}}')
    layer.file(path + "a.js", numbered("require('m#');\n", SIZE // 4).encode())
    return image(directory, [layer], {"Entrypoint": ["/usr/bin/node", "/" + path + "a.js"]})


# Sources of packages, with `--modules`: a source that cannot be parsed keeps its package whole.
MODULES = {
    "long-line": lambda: "x=[" + fill("1,", 50_000_000) + "]\n",
    "long-line-short-enough": lambda: "x=[" + fill("'a',", 8_000_000) + "]\n",
    "brackets": lambda: nest("(", ")"),
    "calls": lambda: nest("require(", ")"),
    "operators": lambda: fill("!"),
    "chain": lambda: "a" + fill(".b()"),
    "requests": lambda: numbered("require('./m#');\n"),
    "requests-with-queries": lambda: numbered("require('./b?#');\n"),
    "requests-of-packages": lambda: numbered("require('a#/b');\n"),
    "patterns": lambda: numbered("require('./' + x + '#');\n"),
    "patterns-of-packages": lambda: numbered("require('a' + x + '#');\n"),
    "alternatives": lambda: "require(" + fill("x ? 'a' : ") + "'b')",
    "products": lambda: fill("const a = [" + fill("'a',", 1000) + "];\n", 2000) + fill("require(`${a}${a}${a}`);\n"),
    "directories": lambda: numbered("fs.readdirSync(__dirname + '/#/..');\n"),
    "strings": lambda: numbered("'p#';\n"),
    "templates": lambda: nest("`${", "}`"),
}
for name, text in MODULES.items():

    def application(directory, text=text):
        layer = Layer().file("usr/bin/node", elf()).file("app/main.js", b"require('p')")
        dependencies = ",".join(f'"p{number}":"1"' for number in range(1000))
        layer.file("app/node_modules/p/package.json", b'{"dependencies":{%s}}' % dependencies.encode())
        layer.file("app/node_modules/p/index.js", text().encode()).file("app/node_modules/p/b.js")
        for number in range(1000):
            layer.file(f"app/node_modules/p{number}/package.json", b"{}").file(f"app/node_modules/p{number}/index.js")
        return image(directory, [layer], {"Entrypoint": ["/usr/bin/node", "/app/main.js"], "WorkingDir": "/app"})

    for level in ["packages", "exact"]:
        case(f"slim/modules/{level}/{name}")(
            lambda directory, application=application, level=level: ["slim", "--dry-run", "--modules", level, application(directory)]
        )


@registered("interpreted/nginx-includes")
def nginx_includes(directory):
    layer = Layer().file("usr/sbin/nginx", elf())
    layer.file("etc/nginx/nginx.conf", numbered("include /etc/nginx/*.conf;\n", 300_000).encode())
    for number in range(300):
        layer.file(f"etc/nginx/{number}.conf", b"include /etc/nginx/*.conf;\n")
    return image(directory, [layer], {"Entrypoint": ["/usr/sbin/nginx"]})


# ELF files with tables that contradict each other


def elf_parts(programs=(), sections=(), content=b"", counts=None):
    """An ELF file of these program headers and section headers; `content` is behind them."""
    start = 64 + 56 * len(programs)
    section_at = start + len(content)
    numbers = counts or (len(programs), len(sections))
    out = b"\x7fELF\x02\x01\x01" + bytes(9)
    out += struct.pack(
        "<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, section_at if sections else 0, 0, 64, 56, numbers[0], 64, numbers[1], 0
    )
    for kind, flags, offset, address, length in programs:
        out += struct.pack("<IIQQQQQQ", kind, flags, offset, address, address, length, length, 4096)
    out += content
    for kind, offset, length, link in sections:
        out += struct.pack("<IIQQQQIIQQ", 0, kind, 2, offset, offset, length, link, 0, 8, 24)
    return out


LOADER = b"/lib64/ld-linux-x86-64.so.2"

ELF_FILES = {
    "sections": lambda: elf_parts(sections=[(1, 64, 0, 0)] * 15_000),
    "sections-of-everything": lambda: elf_parts(sections=[(1, 0, 900_000, 0)] * 14_000),
    "sections-of-notes": lambda: elf_parts(sections=[(7, 64, 500_000, 0)] * 5_000, content=struct.pack("<III", 4, 0, 3) * 50_000),
    "sections-of-symbols": lambda: elf_parts(sections=[(11, 0, 720_000, 1)] * 4_000, content=bytes(500_000)),
    "sections-of-versions": lambda: elf_parts(
        sections=[(0x6FFFFFFE, 64, 500_000, 1)] * 4_000, content=struct.pack("<HHIII", 1, 1, 0, 0, 16) * 31_000
    ),
    "sections-of-strings": lambda: elf_parts(sections=[(3, 0, 900_000, 0)] * 14_000),
    "sections-many-counted": lambda: elf_parts(sections=[(1, 0, 64, 0)] * 8, counts=(0, 0xFF00)),
    "segments": lambda: elf_parts([(1, 5, 0, 0, 900_000)] * 16_000),
    "segments-overlapping": lambda: elf_parts([(1, 5, n, n * 7, 800_000) for n in range(16_000)]),
    "segments-dynamic": lambda: elf_parts([(1, 5, 0, 0, 900_000)] + [(2, 6, 64, 64, 800_000)] * 15_000),
    "segments-interpreters": lambda: elf_parts([(3, 4, 0, 0, 4_000)] * 16_000),
    "segments-notes": lambda: elf_parts([(4, 4, 0, 0, 900_000)] * 16_000),
    "segments-counted": lambda: elf_parts([(1, 5, 0, 0, 64)], counts=(0xFFFF, 0)),
    "needed-same": lambda: elf([b"liba.so"] * 60_000, interpreter=LOADER),
    "needed-long": lambda: elf([b"a" * 4_000] * 240, interpreter=LOADER),
    "needed-paths": lambda: elf([b"/a/../" * 600 + b"b%d" % n for n in range(260)], interpreter=LOADER),
    "needed-tokens": lambda: elf([b"$ORIGIN/" * 100 + b"%d" % n for n in range(1000)], interpreter=LOADER),
    "runpath-entries": lambda: elf([b"liba.so", b"libb.so"], interpreter=LOADER, runpath=b"/a:" * 320_000),
    "runpath-tokens": lambda: elf([b"liba.so"], interpreter=LOADER, runpath=b"$ORIGIN/$LIB/$PLATFORM:" * 40_000),
    "runpath-deep": lambda: elf([b"liba.so"], interpreter=LOADER, runpath=b"/a/.." * 190_000),
    "runpath-dots": lambda: elf([b"lib%d.so" % n for n in range(4000)], interpreter=LOADER, runpath=b"/" + b"./" * 2000),
    "runpath-needed": lambda: elf([b"l%d" % n for n in range(9_000)], interpreter=LOADER, runpath=b":".join(b"/r%d" % n for n in range(60_000))),
    "interpreter-long": lambda: elf([b"liba.so"], interpreter=b"/" + b"a/" * 400_000),
    "interpreter-itself": lambda: elf([b"liba.so"], interpreter=b"/app"),
    "one-string": lambda: elf(extra=b"a" * SIZE),
    "one-path": lambda: elf(extra=b"/a" * (SIZE // 2)),
    "strings-short": lambda: elf(extra=b"/a\0" * (SIZE // 3)),
    "strings-libraries": lambda: elf(extra=numbered("\0lib#.so.1").encode(), interpreter=LOADER),
    "strings-formats": lambda: elf(extra=fill("/%s/lib%s.so\0").encode(), interpreter=LOADER),
    "dlopen-notes": lambda: elf_parts(
        [(4, 4, 64 + 56, 0, 900_000)],
        content=(struct.pack("<III", 4, 24, 0x407C0C0A) + b"FDO\0" + b'[{"soname":["liba.so"]}]') * 20_000,
    ),
    "go-modules": lambda: elf(
        extra=b"\xff Go buildinf:\x08\x02" + bytes(16) + b"\x05go1.2" + b"\xc0\x84\x3d" + fill("dep\ta\tv1\n").encode()
    ),
}

for elf_name, elf_content in ELF_FILES.items():

    @registered(f"elf-file/{elf_name}")
    def elf_file(directory, content=elf_content):
        layer = Layer().file("lib64/ld-linux-x86-64.so.2", elf()).file("lib/liba.so", elf()).file("app", content())
        return image(directory, [layer])


@registered("elf-file/needed-all-by-all")
def needed_all_by_all(directory):
    names = [b"l%d" % number for number in range(130)]
    layer = Layer().file("lib64/ld-linux-x86-64.so.2", elf())
    for name in names:
        layer.file("lib/" + name.decode(), elf(names))
    return image(directory, [layer.file("app", elf(names, interpreter=LOADER))])


@registered("elf-file/libraries-by-links")
def libraries_by_links(directory):
    layer = Layer().file("lib64/ld-linux-x86-64.so.2", elf()).file("lib/real", elf())
    for number in range(900):
        layer.link(f"lib/l{number}", "real" if number == 0 else f"l{number - 1}")
    return image(directory, [layer.file("app", elf([b"l%d" % n for n in range(900)], interpreter=LOADER))])


# Trees that are large because they compress well


def headers(count, name="f%d", kind=tarfile.REGTYPE, link=""):
    """A layer of that many entries without content."""
    out = io.BytesIO()
    for number in range(count):
        info = tarfile.TarInfo(name % number if "%" in name else name)
        info.type, info.linkname, info.mode = kind, link % number if "%" in link else link, 0o755
        out.write(info.tobuf(tarfile.USTAR_FORMAT))
    return out.getvalue() + bytes(1024)


def compressed(directory, *layers, config=None):
    return image(directory, [*layers, headers(1, "app")], config, compressed=True)


PROGRAM = {"Entrypoint": ["/app"]}

TREES = {
    "entries": lambda d: compressed(d, headers(100_000)),
    "entries-in-directories": lambda d: compressed(d, headers(60_000, "d%d/f")),
    "entries-same-name": lambda d: compressed(d, headers(150_000, "f")),
    "entries-in-one-directory-path": lambda d: compressed(d, headers(100_000, "a/b/c/d/e/f/g/h/i/%d")),
    "links-forest": lambda d: compressed(d, headers(80_000, "l%d", tarfile.SYMTYPE, "/l%d/../l%d" .replace("%d", "0"))),
    "links-to-next": lambda d: compressed(d, headers(80_000, "l%d", tarfile.SYMTYPE, "f%d"), headers(20_000)),
    "links-dangling": lambda d: compressed(d, headers(80_000, "l%d", tarfile.SYMTYPE, "/nowhere/%d")),
    "hard-links": lambda d: compressed(d, headers(1, "f") [:512] + headers(90_000, "h%d", tarfile.LNKTYPE, "f")),
    "whiteouts": lambda d: compressed(d, headers(50_000), headers(50_000, ".wh.f%d")),
    "whiteouts-of-nothing": lambda d: compressed(d, headers(100_000, ".wh.f%d")),
    "whiteouts-opaque": lambda d: compressed(d, headers(40_000, "a/%d"), *[headers(1, "a/.wh..wh..opq")] * 60),
    "replaced-by-each-other": lambda d: compressed(d, *[headers(1, "a"), headers(1, "a/b")] * 100),
    "directory-replaced": lambda d: compressed(d, headers(40_000, "a/%d"), *[headers(1, "a"), headers(1, "a/b")] * 40),
    "devices": lambda d: compressed(d, headers(100_000, "c%d", tarfile.CHRTYPE)),
    "layers": lambda d: image(d, [headers(1, "app"), *[headers(1, f"f{number}") for number in range(500)]]),
    "layers-same-member": lambda d: repeated_member(d, headers(1, "app"), 9_000),
    "layers-same-large-member": lambda d: repeated_member(d, headers(1_500), 9_000),
    "layers-small-bombs": lambda d: image(d, [headers(1, "app"), *[bytes(60 << 20)] * 20], compressed=True),
}

for tree_name, tree in TREES.items():
    IMAGES[f"tree-of/{tree_name}"] = lambda directory, tree=tree: tree(directory)


def repeated_member(directory, layer, count):
    """A Docker archive whose manifest names one member for every layer."""
    digest = "sha256:" + hashlib.sha256(layer).hexdigest()
    document = {"architecture": "amd64", "os": "linux", "config": PROGRAM, "rootfs": {"type": "layers", "diff_ids": [digest] * count}}
    path = os.path.join(directory, "image.tar")
    manifest = [{"Config": "config.json", "RepoTags": ["a:b"], "Layers": ["layer.tar"] * count}]
    with tarfile.open(path, "w") as tar:
        for name, content in [
            ("layer.tar", layer), ("config.json", json.dumps(document).encode()), ("manifest.json", json.dumps(manifest).encode())
        ]:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def pax_entry(name, records):
    """An entry with these PAX records, as many as one likes."""
    data = b"".join(record(key, value) for key, value in records)
    extension = tarfile.TarInfo("pax")
    extension.type, extension.size = tarfile.XHDTYPE, len(data)
    info = tarfile.TarInfo(name)
    info.mode = 0o755
    padding = bytes(-len(data) % 512)
    return extension.tobuf(tarfile.USTAR_FORMAT) + data + padding + info.tobuf(tarfile.USTAR_FORMAT)


def record(key, value):
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest) + 1
    while len(str(length)) + len(rest) != length:
        length += 1
    return str(length).encode() + rest


def global_header():
    info = tarfile.TarInfo("pax_global_header")
    info.type, info.size = tarfile.XGLTYPE, 512
    return info.tobuf(tarfile.USTAR_FORMAT) + record(b"comment", b"a" * 400).ljust(512, b"\0")


PAX = {
    "records": lambda: pax_entry("app", [(b"SCHILY.xattr.user.a%d" % n, b"b") for n in range(30_000)]),
    "records-same": lambda: pax_entry("app", [(b"path", b"app")] * 70_000),
    "record-long": lambda: pax_entry("app", [(b"SCHILY.xattr.user.a", b"b" * 900_000)]),
    "entries": lambda: b"".join(pax_entry(f"f{n}", [(b"mtime", b"1.5")]) for n in range(650)),
    "global": lambda: global_header() * 950 + headers(1, "app"),
}
for pax_name, pax in PAX.items():
    IMAGES[f"pax/{pax_name}"] = lambda directory, pax=pax: image(directory, [pax() + bytes(1024)])


# Single records and lines that fill a file

FILES = {
    "passwd-one-line": ("etc/passwd", lambda: fill("a:")),
    "passwd-lines": ("etc/passwd", lambda: numbered("u#:x:#:#::/:/bin/sh\n")),
    "passwd-same-id": ("etc/passwd", lambda: numbered("u#:x:0:0::/:/bin/sh\n")),
    "group-members": ("etc/group", lambda: "a:x:0:" + numbered("u#,")),
    "shadow-lines": ("etc/shadow", lambda: numbered("u#::1::::::\n")),
    "nsswitch": ("etc/nsswitch.conf", lambda: "hosts: " + numbered("n# ")),
    "ld-so-conf-lines": ("etc/ld.so.conf", lambda: numbered("/lib#\n")),
    "ld-so-conf-globs": ("etc/ld.so.conf", lambda: fill("include /*/*/*/*.conf\n")),
    "ld-so-preload": ("etc/ld.so.preload", lambda: numbered("/lib/l#.so ")),
    "dpkg-one-field": ("var/lib/dpkg/status", lambda: "Package: " + fill("a")),
    "dpkg-one-record": ("var/lib/dpkg/status", lambda: "Package: a\nStatus: install ok installed\nVersion: 1\nDescription: " + fill("a ") + "\n"),
    "dpkg-provides": ("var/lib/dpkg/status", lambda: numbered("Package: p#\nStatus: install ok installed\nVersion: 1\nProvides: p, q, r\nDepends: p | q | r\n\n")),
    "apk-one-record": ("lib/apk/db/installed", lambda: "P:p\nV:1\nT:" + fill("a ") + "\n\n"),
    "apk-provides": ("lib/apk/db/installed", lambda: numbered("P:p#\nV:1\np:so:a so:b\nD:so:a so:b\n\n")),
    "package-json-objects": ("app.d/package.json", lambda: nest('{"a":', "}", "1")),
    "package-json-keys": ("node_modules/a/package.json", lambda: '{"name":"a","version":"1",' + numbered('"k#":1,') + '"z":1}'),
    "package-json-dependencies": ("node_modules/a/package.json", lambda: '{"name":"a","dependencies":{' + numbered('"k#":"1",') + '"z":"1"}}'),
    "python-metadata-one-field": ("usr/lib/python3/dist-packages/a.dist-info/METADATA", lambda: "Name: " + fill("a") + "\nVersion: 1\n"),
    "python-pth": ("usr/lib/python3/dist-packages/a.pth", lambda: numbered("/d#\n")),
    "python-record-deep": ("usr/lib/python3/dist-packages/a.dist-info/RECORD", lambda: fill("../" * 600 + "app,,\n")),
    "gemspec-one-line": ("usr/lib/ruby/gems/3.0.0/specifications/a-1.gemspec", lambda: "s.name = " + fill('"a" + ')),
    "crontab": ("etc/crontab", lambda: fill("* * * * * root /app\n")),
    "sudoers": ("etc/sudoers", lambda: numbered("u# ALL=(ALL) NOPASSWD: ALL\n")),
    "supervisord": ("etc/supervisor/supervisord.conf", lambda: numbered("[program:p#]\ncommand=/app\n")),
    "private-keys": ("root/.ssh/id_rsa", lambda: fill("-----BEGIN RSA PRIVATE KEY-----\n")),
    "tokens": ("root/.env", lambda: fill("A=AKIAIOSFODNN7EXAMPLE\n")),
    "docker-config": ("root/.docker/config.json", lambda: '{"auths":{' + numbered('"h#":{"auth":"YTpi"},') + '"z":{}}}'),
    "certificates": ("etc/ssl/certs/ca-certificates.crt", lambda: fill("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")),
}
for file_name, (path, text) in FILES.items():
    IMAGES[f"file/{file_name}"] = lambda directory, path=path, text=text: database(directory, path, text())


# ZIP archives whose entries share bytes


def overlapping_zip(count, inside):
    """A ZIP archive with that many central entries for one local entry."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/maven/a/a/pom.properties", inside)
    whole = data.getvalue()
    start = whole.index(b"PK\x01\x02")
    end = whole.index(b"PK\x05\x06")
    central = whole[start:end] * count
    counted = min(count, 0xFFFF)
    return whole[:start] + central + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, counted, counted, len(central), start, 0)


@registered("zip/overlapping")
def zip_overlapping(directory):
    return database(directory, "a.jar", overlapping_zip(9_000, bytes(1_000_000)))


@registered("zip/overlapping-run")
def zip_overlapping_run(directory):
    layer = Layer().file("a.jar", overlapping_zip(9_000, bytes(1_000_000))).file("usr/bin/java", elf())
    return image(directory, [layer], {"Entrypoint": ["/usr/bin/java", "-jar", "/a.jar"]})


@registered("zip/classes")
def zip_classes(directory):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number in range(SIZE // 250):
            archive.writestr(f"A{number}.class", b"\xca\xfe\xba\xbe\0\0\0\x34\xff\xff" + b"\x01\0\x0a/a/b/c/d/e" * 10)
    layer = Layer().file("a.jar", data.getvalue()).file("usr/bin/java", elf())
    return image(directory, [layer], {"Entrypoint": ["/usr/bin/java", "-jar", "/a.jar"]})


# Two counts that multiply: each list is short enough, and every entry of one is looked up for every entry of the other


def product(name, config=None):
    """Registers a function that fills a layer and returns changes of the configuration."""

    def register(function):
        def make(directory):
            layer = Layer().file("bin/sh", b"x")
            changed = function(layer) or {}
            return image(directory, [layer], {"Entrypoint": ["/app"], **(config or {}), **changed}, compressed=True)

        IMAGES[f"product/{name}"] = make
        return function

    return register


def names(template, count):
    return [template.replace("#", str(number)) for number in range(count)]


@product("python-names")
def python_names(layer):
    layer.file("venv/pyvenv.cfg", b"include-system-site-packages = true\n").file("venv/bin/python", elf())
    for number in range(1_000):
        layer.hard_link(f"venv/bin/python{number}", "venv/bin/python")
    for number in range(3_000):
        layer.file(f"venv/lib/python3/site-packages/a/m{number}.py")
    return {"Entrypoint": ["/venv/bin/python"]}


@product("python-versions")
def python_versions(layer):
    layer.file("app", SH + numbered("python#\n", 20_000).encode())
    for number in range(2_000):
        layer.file(f"usr/bin/python{number}", elf()).file(f"usr/lib/python{number}/os.py")
    for number in range(5_000):
        layer.file(f"usr/lib/python3/dist-packages/m{number}.py")


@product("python-search-path")
def python_search_path(layer):
    layer.file("app", SH + numbered("python#\n", 10_000).encode())
    for number in range(1_000):
        layer.file(f"usr/bin/python{number}", elf())
    for number in range(2_000):
        layer.file(f"p{number}/m.py")
    return {"Env": ["PYTHONPATH=" + ":".join(names("/p#", 2_000)), "PATH=/usr/bin"]}


@product("loop-over-patterns")
def loop_over_patterns(layer):
    patterns = " ".join(f"/d{n}{'x' * 2000}/*" for n in range(32))
    layer.file("app", SH + f"for f in {patterns}; do\n".encode() + fill("cat $f\n", 250_000).encode() + b"done\n")


@product("loop-over-many-scripts")
def loop_over_many_scripts(layer):
    patterns = " ".join(f"/d{n}{'x' * 2000}/*" for n in range(32))
    script = SH + f"for f in {patterns}; do\n".encode() + fill('cat "$f" /x/$f\n', 200_000).encode() + b"done\n"
    layer.file("app", SH + numbered("/s/#\n", 900).encode())
    for number in range(100):
        layer.file(f"s/{number}", script)


def loops(layer, directory, name, count, target="."):
    """Symlinks that lead to their own directory, or to the root."""
    for number in range(count):
        layer.link(f"{directory}/{name}{number}", target)
    return layer


@product("patterns-and-links")
def patterns_and_links(layer):
    loops(layer.file("app", elf()), "usr/lib", "ImageMagick-", 3_000)
    loops(layer, "usr/lib/icu", "a", 3_000).file("usr/lib/icu/x")
    return {"Env": ["MAGICK_CONFIGURE_PATH=/x", "ICU_DATA=/x"]}


@product("patterns-of-a-variable")
def patterns_of_a_variable(layer):
    for number in range(10):
        layer.link(str(number), "/")
    layer.file("app", elf())
    return {"Env": ["ICU_DATA=" + "/?" * 12, "MAGICK_CONFIGURE_PATH=" + "/[0-9]" * 12]}


@product("patterns-and-links-of-gcc")
def patterns_and_links_of_gcc(layer):
    loops(layer.file("usr/sbin/varnishd", elf()), "usr/lib/gcc", "a", 5_000).file("usr/lib/gcc/cc1", elf())
    return {"Entrypoint": ["/usr/sbin/varnishd"]}


# A directory of keep rules, beside the image.
for name, (front, paths) in {
    "stars": ("certain: [" + "/*" * 12 + "/x]", []),
    "there": ("there: [/**/**/**/**/**/y]\ncertain: [/app]", ["d/" * depth + "x" for depth in range(1, 300)]),
    "deep": ("certain: [/**/d/**/d/**/y]", ["d/" * depth + "x" for depth in range(1, 300)]),
    "patterns": ("certain: [" + ", ".join(f"/**/q{n}*" for n in range(1_000)) + "]", [f"d{n}/x" for n in range(20_000)]),
    "patterns-many": ("certain: [" + ", ".join(f"/**/q{n}*" for n in range(15_000)) + "]", ["x"]),
}.items():

    @case(f"slim/keep-rules/{name}")
    def keep_rules(directory, front=front, paths=paths):
        os.mkdir(os.path.join(directory, "keep"))
        with open(os.path.join(directory, ".jettison.toml"), "w") as file:
            file.write('keep-rules = "keep"\n')
        with open(os.path.join(directory, "keep", "own.md"), "w") as file:
            file.write(f"---\nwhen: always\n{front}\n---\n# Own\n\nOwn.\n")
        layer = loops(Layer().file("app", elf()), "links", "a", 10, "/")
        for path in paths:
            layer.file(path)
        return ["slim", "--dry-run", image(directory, [layer], {"Entrypoint": ["/app"]}, compressed=True)]


@product("words-of-a-value")
def words_of_a_value(layer):
    layer.file("app", SH + b"A='" + fill("a ", 4_000).encode() + b"'\necho " + fill("$A ", 350_000).encode() + b"\n")


@product("words-of-no-value")
def words_of_no_value(layer):
    layer.file("app", SH + b"A=' '\necho " + fill("$A ", 350_000).encode() + b"\n")


@product("notes")
def notes(layer):
    layer.file("app", SH + numbered("/s/#\n", 500).encode())
    for number in range(80):
        layer.file(f"s/{number}", SH + fill("$a\n", 150_000).encode())


@product("variables-and-lines")
def variables_and_lines(layer):
    layer.file("app/Procfile", numbered("w: a #\n", 300_000).encode()).file("etc/crontab", numbered("* * * * * root a #\n", 300_000).encode())
    return {"Entrypoint": ["/bin/sh", "/app/Procfile", "/etc/crontab"], "Env": names("A#=/a", 25_000), "WorkingDir": "/app"}


@product("variables-and-includes")
def variables_and_includes(layer):
    count = 10_000
    layer.file("app", SH + "".join(f"A{n}=/a{n}\n" for n in range(4_000)).encode() + numbered(". /i/#\n", 100_000).encode())
    for number in range(count):
        layer.file(f"i/{number}", f"B={number}\n".encode())


@product("node-path")
def node_path(layer):
    layer.file("app/a.js", "".join(f"require('p{n}');\n" for n in range(50_000)).encode()).file("usr/bin/node", elf())
    return {"Entrypoint": ["node", "/app/a.js"], "Env": ["NODE_PATH=" + ":".join(names("/n#", 20_000))]}


@product("node-path-there")
def node_path_there(layer):
    layer.file("app/a.js", "".join(f"require('p{n}');\n" for n in range(50_000)).encode()).file("usr/bin/node", elf())
    for number in range(5_000):
        layer.file(f"n{number}/x")
    return {"Entrypoint": ["node", "/app/a.js"], "Env": ["NODE_PATH=" + ":".join(names("/n#", 5_000))]}


@product("node-path-and-sources")
def node_path_and_sources(layer):
    layer.file("usr/bin/node", elf())
    for number in range(5_000):
        layer.file(f"app/{number}.js", b"require('a');require('./test/b')")
    return {"Entrypoint": ["node", "/app/1.js"], "Env": ["NODE_PATH=" + ":".join(names("/n#", 60_000))]}


@product("npm-scripts")
def npm_scripts(layer):
    layer.file("app/package.json", json.dumps({"scripts": {f"s{n}": "a" for n in range(30_000)}}).encode())
    layer.file("usr/bin/npm-cli.js", b"#!/usr/bin/node\n").file("usr/bin/node", elf())
    return {"Entrypoint": ["/usr/bin/npm-cli.js", *names("t#", 40_000)], "WorkingDir": "/app"}


@product("search-path")
def search_path(layer):
    layer.file("app", SH + numbered("p#\n", 100_000).encode())
    return {"Env": ["PATH=" + numbered("/a#:", 2_500_000)]}


@product("search-path-of-one")
def search_path_of_one(layer):
    layer.file("app", SH).file("b/a", b"", 0o777)
    return {"Env": ["PATH=" + "".join(f"/b/{'./' * n}:" for n in range(1_500))], "User": "1000"}


@product("sources-and-libraries")
def sources_and_libraries(layer):
    layer.file("usr/bin/python3", elf())
    for number in range(20_000):
        layer.file(f"usr/lib/x86_64-linux-gnu/libl{number}.so.1")
    for number in range(5_000):
        layer.file(f"app/{number}.py", b"find_library('none')\n'libx.so'")
    return {"Entrypoint": ["/usr/bin/python3", "/app/1.py"]}


@product("sources-and-files")
def sources_and_files(layer):
    layer.file("usr/bin/python3", elf())
    for number in range(20_000):
        layer.file(f"usr/share/x/{number}")
    for number in range(5_000):
        layer.file(f"app/{number}.py", b"sys.path.insert(1, '/usr/share/x')\n")
    return {"Entrypoint": ["/usr/bin/python3", "/app/1.py"]}


@product("scripts-and-files")
def scripts_and_files(layer):
    layer.file("app", SH + numbered("/s/#\n", 40_000).encode())
    for number in range(20_000):
        layer.file(f"data/{number}")
    for number in range(5_000):
        layer.file(f"s/{number}", SH + b"ls /data\n")


@product("lines-and-files")
def lines_and_files(layer):
    layer.file("app", SH + "".join(f"ls /d{'/.' * (n % 500)}/{'./' * (n // 500)}e\n" for n in range(5_000)).encode())
    for number in range(10_000):
        layer.file(f"d/e/{number}")


@product("perl-directories")
def perl_directories(layer):
    layer.file("usr/bin/perl", elf(extra=b"\0/usr/lib/perl-base\0")).file("usr/lib/perl-base/strict.pm")
    source = "#!/usr/bin/perl\n" + "".join(f"use lib '/l{n}';\n" for n in range(5_000)) + "".join(f"use M{n};\n" for n in range(40_000))
    for number in range(5_000):
        layer.file(f"l{number}/x")
    layer.file("usr/bin/a", source.encode())
    return {"Entrypoint": ["/usr/bin/a"]}


@product("preloads-and-programs")
def preloads_and_programs(layer):
    layer.file("lib64/ld-linux-x86-64.so.2", elf()).file("app", SH + numbered("/b/#\n", 20_000).encode())
    for number in range(2_000):
        layer.file(f"b/{number}", elf([b"liba.so"], interpreter=LOADER))
    return {"Env": ["LD_PRELOAD=" + " ".join(names("/p#.so", 5_000)), "LD_LIBRARY_PATH=" + ":".join(names("/l#", 20_000))]}


@product("library-path-and-needed")
def library_path_and_needed(layer):
    layer.file("lib64/ld-linux-x86-64.so.2", elf()).file("app", elf([b"l%d.so" % n for n in range(20_000)], interpreter=LOADER))
    for number in range(2_000):
        layer.file(f"l{number}/x")
    return {"Env": ["LD_LIBRARY_PATH=" + ":".join(names("/l#", 2_000))]}


@product("ld-so-conf-and-needed")
def ld_so_conf_and_needed(layer):
    layer.file("lib64/ld-linux-x86-64.so.2", elf()).file("app", elf([b"l%d.so" % n for n in range(20_000)], interpreter=LOADER))
    layer.file("etc/ld.so.conf", "\n".join(names("/l#", 2_000)).encode())
    for number in range(2_000):
        layer.file(f"l{number}/x")


@product("supervised")
def supervised(layer):
    layer.file("usr/bin/supervisord", b"x")
    layer.file("etc/supervisor/supervisord.conf", numbered("[program:p#]\ncommand=/bin/a%(ENV_X)s # $x\n", 500_000).encode())
    return {"Entrypoint": ["/usr/bin/supervisord"], "Env": names("A#=/a", 25_000), "Cmd": ["/etc/supervisor/supervisord.conf"]}


@product("gems")
def gems(layer):
    for number in range(200):
        layer.file(f"usr/bin/ruby{number}", elf(extra=b"\0/usr/lib/ruby/3.1.0\0"))
    for number in range(20_000):
        layer.file(f"var/lib/gems/3.1.0/gems/a-1/lib/{number}.rb")
    layer.file("app", SH + numbered("ruby#\n", 2_000).encode())
    return {"Env": ["GEM_PATH=" + ":".join(names("/g#", 10_000)), "PATH=/usr/bin"]}


@product("classpath")
def classpath(layer):
    layer.file("usr/bin/java", elf())
    for number in range(2_000):
        layer.file(f"l/{number}.jar", b"x")
    return {"Entrypoint": ["/usr/bin/java", "-cp", ":".join(["/l/*"] * 20_000), "a"]}


@product("cmd-words")
def cmd_words(layer):
    layer.file("app", SH + b'exec "$@"\n')
    for number in range(20_000):
        layer.file(f"w/{number}")
    return {"Cmd": ["/w"] * 5_000 + names("/w/../w/./#", 20_000), "WorkingDir": "/w"}


@product("users-and-files")
def users_and_files(layer):
    layer.file("app", SH)
    layer.file("etc/passwd", numbered("u#:x:#:#::/h#:/bin/sh\n", 700_000).encode())
    for number in range(20_000):
        layer.file(f"h{number}/.bashrc", b"", 0o4755)


@product("volumes-and-files")
def volumes_and_files(layer):
    layer.file("app", SH)
    for number in range(20_000):
        layer.file(f"v/{number}", b"", 0o777)
    return {"Volumes": {name: {} for name in names("/v/../v/./#", 20_000)} | {f"/v{'/.' * n}": {} for n in range(500)}}


@product("dpkg-lists")
def dpkg_lists(layer):
    layer.file("app", SH)
    status = "".join(f"Package: p{n}\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n" for n in range(2_000))
    layer.file("var/lib/dpkg/status", status.encode())
    for number in range(2_000):
        layer.file(f"var/lib/dpkg/info/p{number}.list", fill("/usr/share/x/a\n", 30_000).encode())
    layer.file("usr/share/x/a")


COMMANDS = {
    "slim": lambda path, directory: ["slim", "--dry-run", path],
    "lint": lambda path, directory: ["lint", "--select", "all", path],
    "inspect": lambda path, directory: ["inspect", path],
}
for image_name, maker in IMAGES.items():
    for command_name, arguments in COMMANDS.items():
        case(f"{command_name}/image/{image_name}")(
            lambda directory, maker=maker, arguments=arguments: arguments(maker(directory), directory)
        )

MORE = [
    "script/substitutions", "elf/needed-and-there", "sparse/entrypoint-zeros", "packages/dpkg", "tree/links",
    "bomb/entrypoint-elf", "bomb/names", "elf-file/needed-same", "elf-file/segments-overlapping", "elf-file/runpath-entries",
    "tree-of/entries", "tree-of/links-to-next", "tree-of/whiteouts", "tree-of/layers-same-member", "file/passwd-lines",
]
for image_name in MORE:
    for command_name, arguments in {
        "write": lambda path, directory: ["slim", path, "-o", os.path.join(directory, "out.tar")],
        "why": lambda path, directory: ["why", path, "/app"],
        "why-not": lambda path, directory: ["why-not", path, "/app"],
        "verify": lambda path, directory: ["verify", path],
        "deps": lambda path, directory: ["deps", path, "/app"],
        "diff": lambda path, directory: ["diff", path, path],
        "json": lambda path, directory: ["inspect", "--format", "json", path],
    }.items():
        case(f"{command_name}/image/{image_name}")(
            lambda directory, maker=IMAGES[image_name], arguments=arguments: arguments(maker(directory), directory)
        )


@case("lint/image/policy/exceptions")
def policy_exceptions(directory):
    layer = Layer()
    for number in range(20_000):
        layer.file(f"v/{number}", elf(), 0o4777)
    allowed = numbered('[[policy.allow]]\npath = "/w/**/a#*"\nreason = "x"\n', 800_000)
    with open(os.path.join(directory, ".jettison.toml"), "w") as file:
        file.write('[policy]\nforbid = ["setuid"]\n' + allowed)
    return ["lint", "--image", image(directory, [layer], compressed=True)]


def vulnerable(name, packages, records, versions):
    """An image with packages of one name, and an export with records about it."""

    def make(directory):
        status = "".join(
            f"Package: p{n}\nStatus: install ok installed\nVersion: 1.{n}\nSource: p\n\n" for n in range(packages)
        )
        layer = Layer().file("etc/os-release", b'ID=debian\nVERSION_ID="12"\n').file("var/lib/dpkg/status", status.encode())
        affected = [{
            "package": {"ecosystem": "Debian:12", "name": "p"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
            "versions": [f"2.{n}" for n in range(versions)],
        }]
        export = os.path.join(directory, "all.zip")
        with zipfile.ZipFile(export, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(records):
                record = {"id": f"X-{number}", "modified": "2024-01-01T00:00:00Z", "affected": affected}
                archive.writestr(f"X-{number}.json", json.dumps(record))
        return ["lint", "--osv", export, "--image", image(directory, [layer], compressed=True)]

    case(f"lint/image/vulnerable/{name}")(make)


vulnerable("packages-and-records", 5_000, 2_000, 1)
vulnerable("packages-and-versions", 20_000, 5, 20_000)


# The language server

def message(method, params, number=None):
    value = {"jsonrpc": "2.0", "method": method, "params": params}
    if number is not None:
        value["id"] = number
    data = json.dumps(value).encode()
    return b"Content-Length: %d\r\n\r\n" % len(data) + data


def server(*messages):
    def make(directory):
        start = message("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, 1) + message("initialized", {})
        # A request makes the server check what it was told before.
        end = asked("textDocument/hover", 3) + message("shutdown", None, 2) + message("exit", None)
        with open(os.path.join(directory, "stdin"), "wb") as file:
            file.write(start + b"".join(part() if callable(part) else part for part in messages) + end)
        return ["lsp"]

    return make


def opened(text):
    document = {"uri": "file:///tmp/none/Dockerfile", "languageId": "dockerfile", "version": 1, "text": text}
    return message("textDocument/didOpen", {"textDocument": document})


def changed(text, version, uri="file:///tmp/none/Dockerfile"):
    document = {"uri": uri, "version": version}
    return message("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})


def edited(version, line, character, text):
    place = {"line": line, "character": character}
    change = {"range": {"start": place, "end": place}, "text": text}
    document = {"uri": "file:///tmp/none/Dockerfile", "version": version}
    return message("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})


def asked(method, number, line=0, end=0):
    places = {"start": {"line": line, "character": 0}, "end": {"line": end or line, "character": 0}}
    document = {"uri": "file:///tmp/none/Dockerfile"}
    params = {"textDocument": document, "position": places["start"], "range": places, "context": {"diagnostics": []}}
    return message(method, params, number)


case("lsp/substitutions")(server(lambda: opened(FROM + "RUN a " + nest("$(a ", ")"))))
case("lsp/labels")(server(lambda: opened(FROM + fill("LABEL a=1\n"))))
case("lsp/json-nested")(server(lambda: b"Content-Length: %d\r\n\r\n" % SIZE + b"[" * SIZE))
case("lsp/length")(server(b"Content-Length: 99999999999999\r\n\r\n"))
case("lsp/headers")(server(lambda: b"A: b\r\n" * (SIZE // 6)))
case("lsp/header-long")(server(lambda: b"A" * SIZE))
case("lsp/requests-unknown")(server(lambda: b"".join(message("a/b", {}, n) for n in range(10, 15_000))))
case("lsp/one-line")(server(lambda: opened(FROM + "RUN " + fill("cd /a && sudo b && ") + "a\n")))
case("lsp/edits")(server(lambda: opened(FROM + "RUN a\n"), lambda: b"".join(edited(n, 1, 5, "a") for n in range(2, 4000))))
case("lsp/edits-of-long-text")(
    server(lambda: opened(FROM + fill("RUN cd /a\n", 200_000)), lambda: b"".join(edited(n, 9, 4, "a") for n in range(2, 1000)))
)
case("lsp/texts")(server(lambda: opened(FROM), lambda: b"".join(changed(FROM + fill("RUN sudo a\n", 20_000), n) for n in range(2, 50))))
case("lsp/documents")(
    server(
        lambda: b"".join(
            message("textDocument/didOpen", {"textDocument": {
                "uri": f"file:///tmp/none/{number}/Dockerfile", "languageId": "dockerfile", "version": 1,
                "text": FROM + fill("RUN sudo a\n", 2_000),
            }})
            for number in range(450)
        )
    )
)
case("lsp/actions")(
    server(
        lambda: opened(FROM + fill("RUN apt-get install a\n", 200_000)),
        lambda: b"".join(asked("textDocument/codeAction", n, 0, 9_000) for n in range(10, 40)),
    )
)
case("lsp/hovers")(
    server(
        lambda: opened(FROM + fill("RUN apt-get install a\n", 200_000)),
        lambda: b"".join(asked("textDocument/hover", n, n) for n in range(10, 2_000)),
    )
)


# Other commands


def plain(*arguments):
    return lambda directory: list(arguments)


case("explain/long")(plain("explain", "a" * 100_000))
case("explain/list")(plain("explain"))


@case("lint/baseline/entries")
def baseline_entries(directory):
    path = os.path.join(directory, "baseline.json")
    with open(path, "w") as file:
        file.write('{"version":1,"findings":{' + numbered('"a#":1,') + '"z":1}}')
    return dockerfile(directory, FROM, "--baseline", path)


for name, text in {
    "empty-lines": lambda: FROM + "RUN a\n" + fill("\n") + "RUN b\n",
    "one-line": lambda: FROM + "RUN " + fill("cd /a && sudo b && ") + "a\n",
    "label-pairs": lambda: FROM + "LABEL " + fill("a=1 ") + "\n",
    "pragmas-names": lambda: FROM + "# jettison ignore=" + numbered("r#,") + "\nRUN a\n",
    "copy-lines": lambda: FROM + "".join(f"COPY a{n} /a\n" for n in range(60_000)),
    "trailing-blanks": lambda: FROM + fill("# \n"),
}.items():
    for flag in ["--fix", "--diff"]:
        case(f"lint{flag}/{name}")(lambda directory, text=text, flag=flag: dockerfile(directory, text(), flag, "--unsafe-fixes"))


@case("deps/elf-file/needed")
def deps_needed(directory):
    names = [b"lib%d.so" % number for number in range(SIZE // 30)]
    layer = Layer().file("lib64/ld-linux-x86-64.so.2", elf()).file("app", elf(names, interpreter=LOADER))
    return ["deps", image(directory, [layer]), "/app"]


# Modules that an application loads: names multiply with the modules, the packages and the directories that are searched

SITE = "usr/lib/python3/dist-packages/"


def modular(name, *options, compressed=True):
    """Registers a function that fills a layer with the modules of an application."""

    def register(function):
        def make(directory):
            layer = Layer()
            changed = function(layer) or {}
            config = {"WorkingDir": "/app", **changed}
            return ["slim", "--dry-run", *options, image(directory, [layer], config, compressed=compressed)]

        case(f"slim/modules/{name}")(make)
        return function

    return register


def python_program(layer, text, env=()):
    layer.file("usr/bin/python3", elf()).file("usr/lib/python3/os.py").file("app/a.py", text.encode())
    return {"Entrypoint": ["/usr/bin/python3", "/app/a.py"], "Env": list(env)}


def distribution(layer, name, files=(), requires=(), number=""):
    directory = f"{SITE}{name}{number}.dist-info/"
    lines = [f"Name: {name}", "Version: 1", *[f"Requires-Dist: {one}" for one in requires]]
    layer.file(directory + "METADATA", "\n".join(lines).encode() + b"\n\n")
    layer.file(directory + "RECORD", "".join(f"{file},,\n" for file in files).encode())


def node_program(layer, text, config=None):
    layer.file("usr/bin/node", elf()).file("app/a.js", text.encode())
    return {"Entrypoint": ["/usr/bin/node", "/app/a.js"], **(config or {})}


def package(layer, path, **manifest):
    layer.file(path + "/package.json", json.dumps({"version": "1", **manifest}).encode())


@modular("python/values-and-calls", "--modules", "packages")
def python_values(layer):
    layer.file(SITE + "a/__init__.py").file(SITE + "a/m.py")
    values = ", ".join(f"'{'a.' * 400}m{n}'" for n in range(64))
    text = f"from importlib import import_module as i\nimport importlib\nfor n in [{values}]: pass\n"
    return python_program(layer, text + fill("importlib.import_module(n)\n"))


@modular("python/joined-values", "--modules", "packages")
def python_joined(layer):
    layer.file(SITE + "a/__init__.py")
    text = "import importlib\nfor n in ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']: pass\n"
    return python_program(layer, text + fill("importlib.import_module(f'a.{n}{n}' + '.'.join([n, n]))\n"))


@modular("python/names-and-paths", "--modules", "packages")
def python_names_and_paths(layer):
    paths = names("/p#", 4_000)
    for path in paths:
        layer.file(path[1:] + "/m0.py")
    text = numbered("import m#\n", 600_000)
    return python_program(layer, text, ["PYTHONPATH=" + ":".join(paths)])


@modular("python/names-and-search-path", "--modules", "exact")
def python_names_and_search_path(layer):
    for number in range(3_000):
        layer.file(f"usr/lib/python3.{number}/dist-packages/m0.py").file(f"usr/bin/python3.{number}", elf())
    text = "import sys\n" + numbered("sys.path.append('/usr/lib/python3.#/dist-packages')\n", 300_000) + numbered("import m#\n", 600_000)
    return python_program(layer, text)


@modular("python/exported-names", "--modules", "exact")
def python_exported(layer):
    layer.file(SITE + "a/__init__.py", ("__all__ = [" + numbered("'m#',") + "]\nfrom .b import *\n").encode())
    for number in range(2_000):
        text = f"from .b{number + 1} import *\nfrom .b{number // 2} import *\n__all__ = [" + fill("'m1',", 5_000) + "]\n"
        layer.file(SITE + f"a/b{number}.py", text.encode())
    return python_program(layer, "import a\nfrom a.b0 import *\n")


@modular("python/members-of-a-long-name", "--modules", "packages")
def python_members(layer):
    layer.file(SITE + "a/__init__.py")
    return python_program(layer, "from " + "a" * 100_000 + " import " + fill("a,", 900_000) + "a\n")


@modular("python/files-of-a-module", "--modules", "packages")
def python_files_of_a_module(layer):
    for number in range(20_000):
        layer.file(SITE + f"m.{number}.so")
    return python_program(layer, fill("import m\n"))


@modular("python/beginnings", "--modules", "packages")
def python_beginnings(layer):
    layer.file(SITE + "a/__init__.py")
    for number in range(20_000):
        layer.file(SITE + f"a/m{number}.py")
    return python_program(layer, "import importlib\n" + fill("importlib.import_module('a.m' + x)\n", 300_000))


@modular("python/beginnings-exact", "--modules", "exact")
def python_beginnings_exact(layer):
    layer.file(SITE + "a/__init__.py", ("import importlib\n" + fill("importlib.import_module('.m' + x)\n", 300_000)).encode())
    for number in range(20_000):
        layer.file(SITE + f"a/m{number}.py", b"import a\n")
    return python_program(layer, "import a\n")


@modular("python/distributions-and-files", "--modules", "packages")
def python_distributions(layer):
    for number in range(3_000):
        distribution(layer, f"d{number}", ["a/__init__.py"])
    for number in range(20_000):
        layer.file(SITE + f"a/m{number}.py")
    layer.file(SITE + "a/__init__.py")
    return python_program(layer, "import a\nimport a.m1\n")


@modular("python/requirements", "--modules", "packages")
def python_requirements(layer):
    for number in range(2_000):
        distribution(layer, "d", [f"m{number}.py"], ["d"] + names("d#", 100), number)
        layer.file(SITE + f"m{number}.py")
    return python_program(layer, numbered("import m#\n", 20_000))


@modular("python/machine-code", "--modules", "exact")
def python_machine_code(layer):
    layer.file(SITE + "a/__init__.py", numbered("import a.m#\n", 200_000).encode())
    for number in range(8_000):
        layer.file(SITE + f"a/m{number}.so", elf())
    return python_program(layer, "import a.m1\n")


@modular("python/names-in-machine-code", "--modules", "exact")
def python_glued(layer):
    layer.file(SITE + "a/__init__.py", b"import a.b\n")
    for number in range(30_000):
        layer.file(SITE + f"a/m{number}.py")
    layer.file(SITE + "a/b.so", elf(strings=b"\0" + numbered("a.x# ", 300_000).encode()))
    return python_program(layer, "import a.b\n")


@modular("python/long-names-and-machine-code", "--modules", "exact")
def python_long_names(layer):
    for number in range(40_000):
        layer.file(SITE + f"{number % 10}".join(["m"] * 60) + f"{number}.py")
    layer.file(SITE + "a.so", elf(strings=b"\0m.a\0"))
    return python_program(layer, "import a\n")


@modular("python/machine-code-of-one-letter", "--modules", "exact")
def python_letter(layer):
    layer.file(SITE + "a/__init__.py", numbered("import a.m#\n", 1000).encode())
    for number in range(35):
        layer.file(SITE + f"a/m{number}.so", elf(extra=b"a" * 29_000_000))
    return python_program(layer, "import a.m1\n")


@modular("python/siblings-that-are-hard-to-find", "--modules", "exact")
def python_siblings(layer):
    layer.file(SITE + "a/__init__.py", numbered("import a.m#\n", 200).encode())
    for number in range(8):
        layer.file(SITE + f"a/m{number}.so", elf(extra=b"__pyxaaaaaaaab" * 140_000))
    for number in range(5_000):
        layer.file(SITE + f"a/aaaaaaaac{number}.py")
    return python_program(layer, "import a.m1\n")


@modular("python/nested-data", "--modules", "exact")
def python_nested_data(layer):
    path = SITE + "a/"
    text = ""
    layer.file(path + "__init__.py")
    for number in range(500):
        path += "n/"
        layer.file(path + "m.py")
        text += "import a" + ".n" * (number + 1) + ".m\n"
        for data in range(30):
            layer.file(path + f"{data}.txt")
    return python_program(layer, text)


@modular("python/frameworks-and-names", "--modules", "exact")
def python_frameworks(layer):
    for number in range(1_000):
        distribution(layer, "Django", ["django/__init__.py"], (), number)
    layer.file(SITE + "django/__init__.py")
    for number in range(3_000):
        layer.file(SITE + f"p{number}/__init__.py")
    return python_program(layer, "import django\nX = [" + numbered("'p#.a.b.c',", 500_000) + "]\n")


@modular("python/many-tokens", "--modules", "exact")
def python_tokens(layer):
    layer.file(SITE + "a/__init__.py")
    for number in range(60):
        layer.file(SITE + f"a/m{number}.py", b"import a" + b",a" * 1_900_000)
    return python_program(layer, numbered("import a.m#\n", 1_000) + "x = [" + fill("a,") + "]\n")


@modular("node/patterns-and-requests", "--modules", "packages")
def node_patterns(layer):
    package(layer, "app/node_modules/p", name="p", exports={f"./{n}/*": "./*" for n in range(20_000)})
    return node_program(layer, numbered("require('p/x#');"))


@modular("node/imports-and-requests", "--modules", "packages")
def node_imports(layer):
    package(layer, "app", name="a", imports={f"#{n}/*": "./*" for n in range(20_000)})
    package(layer, "app/node_modules/p", name="p")
    return node_program(layer, numbered("require('#x#');").replace("##", "#"))


@modular("node/conditions-and-sources", "--modules", "exact")
def node_conditions(layer):
    package(layer, "app/node_modules/p", name="p", exports={f"c{n}": "./x" for n in range(40_000)})
    for number in range(10_000):
        layer.file(f"app/{number}.js", b"require('p')")
    return node_program(layer, "require('p')")


@modular("node/alternatives-and-sources", "--modules", "exact")
def node_alternatives(layer):
    target = "./x"
    for _ in range(4):
        target = [target] * 16
    package(layer, "app/node_modules/p", name="p", exports={"./*": target, ".": target})
    return node_program(layer, "require('p');" + numbered("require('p/#');"))


@modular("node/stars", "--modules", "exact")
def node_stars(layer):
    package(layer, "app/node_modules/p", name="p", exports={"./*": "*" * 900_000})
    return node_program(layer, "require('p/" + "x" * 900 + "');" + numbered("require('p/#');", 300_000))


@modular("node/templates", "--modules", "exact")
def node_templates(layer):
    package(layer, "app/node_modules/p", name="p")
    values = ",".join(f"'{'a' * 200}{n}'" for n in range(256))
    return node_program(layer, f"for (const n of [{values}]) {{}}\n" + fill("require(`./${n}`);"))


@modular("node/joined-paths", "--modules", "exact")
def node_joined(layer):
    package(layer, "app/node_modules/p", name="p")
    text = "const a=c?'a':'b';" + fill("read(path.join(__dirname,a,a,a,a,a,a,a,x));")
    return node_program(layer, text)


@modular("node/nested-conditions", "--modules", "exact")
def node_nested(layer):
    package(layer, "app/node_modules/p", name="p")
    return node_program(layer, fill("f(" + nest("f(a?'b':", ")", "'c'", 300) + ");"))


@modular("node/calls-and-loaders", "--modules", "exact")
def node_loaders(layer):
    package(layer, "app/node_modules/p", name="p")
    return node_program(layer, numbered("const r#=require;", 500_000) + numbered("f#('a');", 500_000))


@modular("node/workspaces", "--modules", "exact")
def node_workspaces(layer):
    dependencies = {f"d{n}": "1" for n in range(20_000)}
    package(layer, "app", name="w", dependencies=dependencies)
    package(layer, "app/node_modules/p", name="p")
    for number in range(8_000):
        layer.file(f"app/w{number}/a.js", b"require('p');x('d1')")
        layer.link(f"app/node_modules/w{number}", f"../w{number}")
    return node_program(layer, numbered("require('w#/a');", 200_000))


@modular("node/packages-without-manifest", "--modules", "exact")
def node_without_manifest(layer):
    for number in range(20_000):
        layer.file(f"app/node_modules/d{number}/index.js")
    for number in range(8_000):
        layer.file(f"app/w{number}/a.js", b"x('d1')")
    return node_program(layer, "require('d1')")


@modular("node/unknown-parts-and-files", "--modules", "exact")
def node_unknown_parts(layer):
    package(layer, "app/node_modules/p", name="p")
    for number in range(30_000):
        layer.file(f"app/node_modules/p/l/{number}.js")
    return node_program(layer, numbered("require(`p/l/${x}#`);"))


@modular("node/unknown-packages", "--modules", "exact")
def node_unknown_packages(layer):
    for number in range(20_000):
        package(layer, f"app/node_modules/p-{number}", name=f"p-{number}")
    return node_program(layer, numbered("require(`p-${x}#`);", 300_000) + "require(`p-${x}`);")


@modular("node/lists-and-packages", "--modules", "exact")
def node_lists(layer):
    for number in range(10_000):
        layer.file(f"app/w{number}/a.js").file(f"app/w{number}/node_modules/p/index.js")
    return node_program(layer, numbered("readdir('/app/w#');"))


@modular("node/directories-and-sources", "--modules", "exact")
def node_directories(layer):
    for number in range(30_000):
        layer.file(f"app/node_modules/p/l/{number}.txt")
    package(layer, "app/node_modules/p", name="p")
    for number in range(10_000):
        layer.file(f"app/{number}.js", b"read('/app/node_modules/p/l')")
    return node_program(layer, "require('p')")


@modular("node/manifests", "--modules", "packages")
def node_manifests(layer):
    text = b'{"name":"p","exports":{' + b",".join(b'"./%d":{"a":0}' % n for n in range(60_000)) + b"}}"
    for number in range(200):
        layer.file(f"app/node_modules/p{number}/package.json", text)
    return node_program(layer, numbered("require('p#');", 5_000))


@modular("node/deep-sources", "--modules", "exact")
def node_deep(layer):
    path = "app/" + "n/" * 900
    package(layer, "app", name="a")
    package(layer, "app/node_modules/p", name="p")
    layer.file(path + "a.js", numbered("require('p#');f('x#.y');").encode())
    return {**node_program(layer, ""), "Entrypoint": ["/usr/bin/node", "/" + path + "a.js"]}


@modular("node/many-tokens", "--modules", "exact")
def node_tokens(layer):
    package(layer, "app/node_modules/p", name="p")
    for number in range(100):
        layer.file(f"app/node_modules/p/{number}.js", b"a;" * 500_000)
    return node_program(layer, numbered("require('p/#');", 2_000) + fill("a;"))


@modular("node/many-facts", "--modules", "exact")
def node_facts(layer):
    package(layer, "app/node_modules/p", name="p")
    text = numbered("f('x#');").encode()
    for number in range(100):
        layer.file(f"app/node_modules/p/{number}.js", text)
    return node_program(layer, numbered("require('p/#');", 2_000))


@modular("node/deep-literals", "--modules", "exact")
def node_deep_literals(layer):
    package(layer, "app/node_modules/p", name="p")
    path = "app/node_modules/p/" + "n/" * 900
    layer.file(path + "x.txt", b"", 0o644)
    layer.file(path + "a.js", "".join(f"f('{'./' * (n % 60)}{'/' * (n // 60)}./x.txt');" for n in range(20_000)).encode())
    return {**node_program(layer, ""), "Entrypoint": ["/usr/bin/node", "/" + path + "a.js"]}


@modular("node/patterns-and-left-out-files", "--modules", "exact")
def node_left_out(layer):
    package(layer, "app/node_modules/p", name="p")
    for number in range(20_000):
        layer.file(f"app/node_modules/p/l/{number}.md")
    return node_program(layer, numbered("require(`p/l/${x}#`);"))


@modular("node/nested-lists-of-left-out-files", "--modules", "exact")
def node_listed_left_out(layer):
    package(layer, "app/node_modules/p", name="p")
    path, text = "app/node_modules/p", ""
    for number in range(300):
        path += "/d"
        text += f"readdir('/{path}');"
        for file in range(60):
            layer.file(f"{path}/{file}.md")
    return node_program(layer, text)


@modular("node/deep-files-and-patterns", "--modules", "exact")
def node_deep_files(layer):
    package(layer, "app/node_modules/p", name="p")
    path = "app/node_modules/p/l" + "/n" * 900
    for number in range(8_000):
        layer.file(f"{path}/{number}.txt", b"", 0o644)
    return node_program(layer, numbered("require(`p/l/${x}#`);", 60_000))


@modular("node/debian-directories")
def node_debian(layer):
    for number in range(50_000):
        layer.file(f"usr/lib/{number}", b"", 0o644)
    for number in range(12_000):
        layer.file(f"app/nodejs/x/{number}.js", b"", 0o644)
    layer.file("app/nodejs/x/package.json", b"{}")
    return node_program(layer, "")


@modular("node/constants-without-values", "--modules", "exact")
def node_constants(layer):
    package(layer, "app/node_modules/p", name="p")
    return node_program(layer, "require('p');const " + fill("a,", 1_400_000) + "a")


for name, text in {
    "calls": lambda: fill("f(", 30_000) + "a" + fill(")", 15_000),
    "brackets": lambda: nest("[", "]"),
    "conditions": lambda: fill("a?b:") + "c",
    "commas": lambda: fill("a,") + "a",
    "arrays": lambda: "[" + fill("1,") + "1]",
    "objects": lambda: fill("({});"),
    "regexes": lambda: fill("/a/;"),
    "templates": lambda: fill("`a`;"),
    "arrows": lambda: fill("a=>a;"),
    "classes": lambda: fill("class A{}"),
}.items():

    @modular(f"node/tree-of-{name}", "--modules", "exact")
    def node_tree(layer, text=text):
        package(layer, "app/node_modules/p", name="p")
        return node_program(layer, "require('p');" + text())


# Files below hundreds of directories

for command in ["slim --dry-run", "inspect", "lint", "deps"]:
    for program, ending in [("app", ""), ("usr/bin/python3", ".py"), ("usr/bin/node", ".js")]:

        @case(f"deep/{command.split()[0]}/{os.path.basename(program)}")
        def deep_files(directory, command=command, program=program, ending=ending):
            layer = Layer().file(program, elf())
            path = "n/" * 900
            for number in range(9_000):
                layer.file(f"{path}{number}{ending}", b"", 0o644)
            config = {"Entrypoint": ["/" + program, *([f"/{path}1{ending}"] if ending else [])]}
            return [*command.split(), image(directory, [layer], config, compressed=True)]


# Compose files, Kubernetes manifests and Bake files


def written(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "wb") as file:
        file.write(text.encode())
    return path


def deployment(directory, name, text, *options):
    return ["lint", "--select", "all", *options, written(directory, name, text)]


COMPOSE_FILES = {
    "services": lambda: "services:\n" + numbered("  s#: {image: a}\n"),
    "builds": lambda: "services:\n" + numbered("  s#: {build: {context: ., dockerfile_inline: 'FROM a'}}\n"),
    "builds-paths": lambda: "services:\n" + numbered("  s#: {build: ./s#}\n"),
    "environment": lambda: "services:\n a:\n  image: a\n  environment:\n" + numbered("   - PASSWORD#=hunter\n"),
    "ports": lambda: "services:\n a:\n  image: a\n  ports: [" + numbered("'#:#',") + "]\n",
    "volumes": lambda: "services:\n a:\n  image: a\n  volumes: [" + numbered("/a#:/b#,") + "]\n",
    "networks": lambda: "x: &x {image: a, networks: [" + numbered("n#,", 3_000) + "]}\nservices:\n"
    + numbered(" s#: *x\n", 3_000) + "networks: {" + numbered("n#: {},", 500_000) + "}\n",
    "extends-missing": lambda: "services:\n" + numbered("  s#: {extends: t#}\n"),
    "extends-chain": lambda: "services:\n" + "".join(f"  s{n}: {{extends: s{n + 1}}}\n" for n in range(30_000)),
    "extends-large": lambda: "services:\n  b: {x: [" + fill("1,", SIZE // 2) + "]}\n" + numbered("  s#: {extends: b}\n", SIZE // 2),
    "aliases": lambda: "x: &x {image: a, privileged: true, cap_add: [ALL], ports: ['1:1'], command: [sh, -c, 'sudo a | b']}\n"
    + "services:\n" + numbered(" s#: *x\n", 100_000),
    "documents": lambda: numbered("--- {a#: 1}\n"),
    "includes-missing": lambda: "services: {a: {image: a}}\ninclude: [" + fill("b,") + "]\n",
    "interpolation": lambda: "services: {a: {image: a}}\nx: [" + fill("'" + "${A:-" * 15 + "}" * 15 + "',") + "]\n",
    "indents": lambda: "".join(" " * (n % 90) + "a:\n" for n in range(SIZE // 50)),
    "flow-open": lambda: "services: " + fill("["),
    "anchors": lambda: "services: [" + numbered("&a# b,") + "]",
}
for name, text in COMPOSE_FILES.items():
    case(f"compose/{name}")(lambda directory, text=text: deployment(directory, "compose.yaml", text()))


def compose_with(name, files):
    """Registers a case of `compose.yaml` and files beside it."""

    def make(directory):
        for file_name, text in files().items():
            written(directory, file_name, text)
        return ["lint", "--select", "all", os.path.join(directory, "compose.yaml")]

    case(f"compose/{name}")(make)


SERVICE = "services: {a: {image: a}}\n"
compose_with("includes-refused", lambda: {
    "b.yaml": fill("#"), "compose.yaml": SERVICE + "include: [" + fill("b.yaml,", SIZE // 2) + "]\n",
})
compose_with("includes-of-many-values", lambda: {
    "b.yaml": "x: [" + fill("1,", 180_000) + "]\n", "compose.yaml": SERVICE + "include: [" + fill("b.yaml,", 300_000) + "]\n",
})
compose_with("extends-in-other-file", lambda: {
    "b.yaml": SERVICE + "x: [" + fill("1,", 180_000) + "]\n",
    "compose.yaml": "x: &x {extends: {file: b.yaml, service: a}}\nservices:\n" + numbered("  a#: *x\n", 100_000),
})
compose_with("long-variable", lambda: {
    ".env": "A=" + fill("x", 900_000) + "\n", "compose.yaml": SERVICE + "x: [" + fill("$A,", 270_000) + "]\n",
})
compose_with("private-variables", lambda: {
    ".env": numbered("V#=secret#\n", 300_000),
    "compose.yaml": "services:\n" + numbered("  s#: {image: \"${V#}\", cap_add: [\"${V#}\"], ports: [\"1:$V#\"]}\n", 600_000),
})
compose_with("private-variables-of-one-file", lambda: {
    ".env": numbered("V#=secret#\n", 10_000),
    "compose.yaml": "services: {s: {build: {context: ., args: {" + numbered("V#: $V#,", 10_000) + "}}}}\n",
    "Dockerfile": numbered("ARG V#\n", 8_000) + numbered("FROM $V#/a:latest\n", 20_000) + fill("RUN sudo a; cd b\n", SIZE // 8),
})

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n"
MANIFESTS = {
    "containers": lambda: POD + numbered("  - {name: c#, image: a}\n"),
    "documents": lambda: numbered("---\napiVersion: v1\nkind: Pod\nmetadata: {name: p#}\nspec: {containers: [{name: a, image: a}]}\n"),
    "environment": lambda: POD + "  - name: a\n    image: a\n    env:\n" + numbered("    - {name: PASSWORD#, value: a}\n"),
    "mounts": lambda: POD + "  - name: a\n    image: a\n    volumeMounts: [" + numbered("{name: v, mountPath: /a#},")
    + "]\n  volumes: [{name: v, hostPath: {path: /}}]\n",
    "scripts": lambda: POD + fill("  - {name: a, image: a, command: [sh, -c, 'a && sudo b | c']}\n"),
    "policies": lambda: numbered(
        "---\nkind: NetworkPolicy\napiVersion: v1\nmetadata: {name: p#}\nspec: {podSelector: {matchLabels: {a: b#}}}\n", SIZE // 2)
    + numbered("---\nkind: Pod\napiVersion: v1\nmetadata: {name: p#, labels: {a: b}}\nspec: {containers: [{name: a, image: a}]}\n", SIZE // 2),
}
for name, text in MANIFESTS.items():
    case(f"kubernetes/{name}")(lambda directory, text=text: deployment(directory, "pod.yaml", text()))

HCL = {
    "brackets": lambda: "a = " + nest("[", "]", size=250_000),
    "lists": lambda: "a = [" + fill("[" * 20 + "]" * 20 + ",", 250_000) + "]\n",
    "lists-flat": lambda: "a = [" + fill("[],", 250_000) + "]\n",
    "attributes": lambda: "a = [" + fill("a.b,", 250_000) + "]\n",
    "indexes": lambda: "a = b" + fill("[0]", 250_000) + "\n",
    "legacy-indexes": lambda: "a = [" + fill("a.0,", 250_000) + "]\n",
    "templates": lambda: "a = [" + fill('"${a}",', 250_000) + "]\n",
    "calls": lambda: 'target "t" {\n x = [' + fill('lower("a"),', 250_000) + "]\n}\n",
    "targets": lambda: numbered('target "t#" {}\n', 250_000),
    "inherits": lambda: 'target "t" {\n inherits = [' + fill('"b",', 120_000) + ']\n}\ntarget "b" {\n x = [' + fill('"",', 120_000) + "]\n}\n",
    "too-large": lambda: "a = [" + fill("[],") + "]\n",
}
for name, text in HCL.items():
    case(f"bake/{name}")(lambda directory, text=text: deployment(directory, "docker-bake.hcl", text()))


@case("bake/json-inherits")
def bake_json_inherits(directory):
    inherits = ",".join(['"b"'] * 30_000)
    values = ",".join(["1"] * 60_000)
    text = f'{{"target": {{"t": {{"inherits": [{inherits}]}}, "b": {{"x": [{values}]}}}}}}'
    return deployment(directory, "docker-bake.json", text)


def writer(directory):
    """An image whose program writes to a directory, so that volumes are needed."""
    layer = Layer().file("bin/sh", elf()).file("app", b"#!/bin/sh\necho a > /tmp/x\n").file("tmp/.keep")
    return image(directory, [layer], {"Entrypoint": ["/app"]})


# Values of a deployment are limited, so they are long.
PADDING = "    x-a: [" + fill("a" * 80 + ", ", 15_000) + "a]\n"
APPLIED = {
    "services": lambda: "services:\n" + "".join(f"  s{n}:\n    image: a\n{PADDING}" for n in range(64)),
    "services-of-many-lines": lambda: "services:\n" + "".join(
        f"  s{n}:\n    image: a\n    x-a:\n" + fill("    - " + "a" * 80 + "\n", 15_000) for n in range(64)),
    "services-that-extend": lambda: "services:\n  s0:\n    image: a\n" + "".join(
        f"  s{n + 1}:\n    extends: s{n % 15}\n{PADDING}" for n in range(63)),
    "containers": lambda: POD + "".join(f"  - name: c{n}\n    image: a\n{PADDING}" for n in range(64)),
    "containers-and-volumes": lambda: POD.replace("  containers", "  volumes:\n" + fill("  - name: v\n", 500_000) + "  containers")
    + "".join(f"  - name: c{n}\n    image: a\n" for n in range(64)),
    "anchors": lambda: "services:\n" + "".join(
        f"  s{n}: &s{n}\n    image: a\n{PADDING if n % 2 else ''}" for n in range(64)) + "x: [" + numbered("*s#, ", 200) + "]\n",
    "anchors-that-are-overridden": lambda: "services:\n" + "".join(
        f"  s{n}: &s{n}\n    image: a\n" + (PADDING if n % 4 == 0 else "") for n in range(64))
    + "x:\n" + "".join(f"  y{n}:\n    <<: *s{n}\n    image: b\n    x-a: 1\n" for n in range(64)),
}
for name, text in APPLIED.items():
    case(f"harden-apply/{name}")(
        lambda directory, text=text: ["harden", writer(directory), "--apply", written(directory, "f.yaml", text())]
    )


# Compiled code, units and what else programs read


def java_class(names, strings):
    pool = b"".join(b"\1" + struct.pack(">H", len(text)) + text for text in [*names, *strings])
    pool += b"".join(b"\x08" + struct.pack(">H", len(names) + number + 1) for number in range(len(strings)))
    return b"\xca\xfe\xba\xbe\0\0\0\x3d" + struct.pack(">H", len(names) + 2 * len(strings) + 1) + pool


@modular("java-strings")
def java_strings(layer):
    data = io.BytesIO()
    calls = [b"java/lang/ProcessBuilder", b"loadLibrary", b"com/sun/jna/Native", b"libraryLookup"]
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(300):
            strings = [b"p%dx%d" % (number, one) for one in range(20_000)]
            archive.writestr(f"A{number}.class", java_class(calls, strings))
    layer.file("a.jar", data.getvalue()).file("usr/bin/java", elf())
    for number in range(2_000):
        layer.file(f"usr/lib/libp0x{number}.so", elf()).file(f"usr/bin/p0x{number}", elf())
    return {"Entrypoint": ["/usr/bin/java", "-jar", "/a.jar"]}


@modular("java-methods")
def java_methods(layer):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(2_000):
            archive.writestr(f"A{number}.class", java_class([b"", b"loadLibrary"], [b"a"] * 30_000))
    layer.file("a.jar", data.getvalue()).file("usr/bin/java", elf())
    return {"Entrypoint": ["/usr/bin/java", "-jar", "/a.jar"]}


def beam(literals):
    packed = zlib.compress(literals, 9)
    chunk = struct.pack(">I", len(literals)) + packed
    return b"FOR1\0\0\0\0BEAMLitT" + struct.pack(">I", len(chunk)) + chunk


@modular("erlang-literals", compressed=False)
def erlang_literals(layer):
    layer.file("usr/bin/erl", elf()).file("usr/lib/erlang/lib/a/ebin/a.beam")
    content = beam(b"m\0\0\0\x04libx" * 1_800_000)
    for number in range(35):
        layer.file(f"app/ebin/m{number}.beam", content)
    return {"Entrypoint": ["/usr/bin/erl"]}


@modular("erlang-names")
def erlang_names(layer):
    layer.file("usr/bin/erl", elf())
    for number in range(30):
        words = (b"/p%d/%d" % (number, one) for one in range(60_000))
        layer.file(f"app/ebin/m{number}.beam", beam(b"".join(b"m" + struct.pack(">I", len(word)) + word for word in words)))
    return {"Entrypoint": ["/usr/bin/erl"]}


def systemd(name):
    def register(function):
        @modular(f"systemd-{name}")
        def make(layer):
            layer.file("usr/lib/systemd/systemd", elf()).link("sbin/init", "/usr/lib/systemd/systemd").file("bin/sh", elf())
            layer.file("etc/systemd/system/multi-user.target", b"[Unit]\n").link("etc/systemd/system/default.target", "multi-user.target")
            function(layer)
            return {"Entrypoint": ["/sbin/init"]}

        return function

    return register


# Larger inputs end with the limit on the text of units; these come close to it.
for name, values, instances in [("specifiers", 24, 300), ("specifiers-within-limits", 2, 80)]:

    @systemd(name)
    def systemd_specifiers(layer, values=values, instances=instances):
        instance = "x" * 200
        layer.file("etc/systemd/system/a@.service", ("[Service]\nExecStart=/bin/sh $A0\n" + "".join(
            f"Environment=A{n}={'%i' * 300}\n" for n in range(values))).encode())
        for number in range(instances):
            layer.link(f"etc/systemd/system/multi-user.target.wants/a@{instance}{number:03}.service", "../a@.service")


for name, commands in [("variables", 16_000), ("variables-within-limits", 4_000)]:

    @systemd(name)
    def systemd_variables(layer, commands=commands):
        text = "[Service]\n" + "".join(f"Environment=A{n}={'x' * 900}\n" for n in range(500))
        text += "".join(f"ExecStart=/bin/sh -c \"/bin/p{n} $A1 ${{A2}}${{A3}}${{A4}}\"\n" for n in range(commands))
        layer.file("etc/systemd/system/a.service", text.encode())
        layer.link("etc/systemd/system/multi-user.target.wants/a.service", "../a.service")


@case("inspect/index-nested")
def index_nested(directory):
    blobs = os.path.join(directory, "blobs", "sha256")
    os.makedirs(blobs)

    def blob(content):
        digest = hashlib.sha256(content).hexdigest()
        with open(os.path.join(blobs, digest), "wb") as file:
            file.write(content)
        return {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": "sha256:" + digest, "size": len(content)}

    entry = None
    padding = {"annotations": {"a": "b" * 80_000}}
    for _ in range(10):
        entry = blob(json.dumps({"schemaVersion": 2, "manifests": [entry] * 90 if entry else [], **padding}).encode())
    with open(os.path.join(directory, "index.json"), "w") as file:
        json.dump({"schemaVersion": 2, "manifests": [entry]}, file)
    with open(os.path.join(directory, "oci-layout"), "w") as file:
        file.write('{"imageLayoutVersion":"1.0.0"}')
    return ["inspect", "oci:" + directory]


for name, text in {
    "sudo": lambda: FROM + "RUN " + fill("sudo a; ", 900_000) + "a\n",
    "apt": lambda: FROM + numbered("RUN apt-get install p#\n"),
    "apt-one-line": lambda: FROM + "RUN " + numbered("apt-get install p# && ", 900_000) + "a\n",
    "stages": lambda: numbered("FROM debian:12 AS s#\nRUN cd /a && sudo b | c\n"),
}.items():
    case(f"lint-passes/{name}")(lambda directory, text=text: dockerfile(directory, text(), "--diff", "--unsafe-fixes", "--select", "all"))

for format_name in ["sarif", "sonarqube", "gitlab", "json"]:
    case(f"lint-reports/{format_name}")(
        lambda directory, format_name=format_name: dockerfile(
            directory, FROM + "RUN " + fill("sudo a; ") + "a\n", "--select", "sudo", "--format", format_name
        )
    )


def limits():
    resource.setrlimit(resource.RLIMIT_AS, (1 << 42, 1 << 42))
    resource.setrlimit(resource.RLIMIT_DATA, (STOP_BYTES, STOP_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (STOP_SECONDS, STOP_SECONDS + 1))


def run(binary, name):
    """Seconds of the processors, peak memory in MB, the exit status, and what it said last."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as directory:
        arguments = CASES[name](directory)
        stdin = os.path.join(directory, "stdin")
        standard_input = open(stdin if os.path.exists(stdin) else os.devnull, "rb")
        with standard_input, open(os.path.join(directory, "stderr"), "wb+") as errors:
            environment = {**os.environ, "TMPDIR": directory, "NO_COLOR": "1"}
            process = subprocess.Popen(
                [binary, *arguments], stdin=standard_input, stdout=subprocess.DEVNULL, stderr=errors,
                preexec_fn=limits, env=environment, cwd=directory,
            )
            signal.signal(signal.SIGALRM, lambda *_: process.kill())
            # On a busy machine a run takes longer than its processor time.
            signal.alarm(10 * STOP_SECONDS)
            _, status, usage = os.wait4(process.pid, 0)
            signal.alarm(0)
            seconds = usage.ru_utime + usage.ru_stime
            process.returncode = os.waitstatus_to_exitcode(status)
            errors.seek(0)
            said = errors.read(20_000).decode(errors="replace").strip().splitlines()
        return seconds, usage.ru_maxrss / 1024, process.returncode, said[-1][:100] if said else ""


def main():
    global SIZE
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="cases whose names start so")
    parser.add_argument("--size", type=int, default=SIZE, help="bytes of each input")
    parser.add_argument("--list", action="store_true", help="names only")
    parser.add_argument("--bad", action="store_true", help="print only what is over the limits")
    arguments = parser.parse_args()
    SIZE = arguments.size
    binary = os.path.abspath(os.environ.get("JETTISON_BINARY", "target/release/jettison"))
    names = [name for name in CASES if not arguments.names or name.startswith(tuple(arguments.names))]
    if arguments.list:
        print("\n".join(names))
        return
    bad = 0
    for name in names:
        seconds, megabytes, status, said = run(binary, name)
        # A case with a wrong command line tests nothing.
        is_refused = status == 2 and said.startswith("For more information, try")
        is_bad = seconds > SECONDS or megabytes > MEGABYTES or status not in (0, 1, 2) or is_refused
        bad += is_bad
        if is_bad or not arguments.bad:
            mark = "!" if is_bad else " "
            print(f"{mark} {seconds:6.2f} s {megabytes:7.0f} MB  {status:3}  {name:45} {said}", flush=True)
    print(f"{len(names)} cases, {bad} over {SECONDS} s or {MEGABYTES} MB")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
