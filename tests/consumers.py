"""Reads reports of one run with libraries that others read them with, and compares them with the JSON report."""

import json
import re
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

from junitparser import Failure, JUnitXml
from lxml import etree
from sarif.loader import load_sarif_file

work = Path(sys.argv[1])


def text(name):
    return (work / f"report.{name}").read_text("utf-8")


rows = json.loads(text("json"))
lines = Counter((row["file"], row["line"]) for row in rows)
files = Counter(row["file"] for row in rows)


def compare(format, found, expected):
    if found != expected:
        print(f"consumers: {format} differs: {found - expected} only there, {expected - found} not there", file=sys.stderr)
        sys.exit(1)
    print(f"{format}: {sum(found.values())} findings as in JSON")


compare("jsonl", Counter((row["file"], row["line"]) for row in map(json.loads, text("jsonl").splitlines())), lines)

sarif = load_sarif_file(str(work / "report.sarif"))
records = sarif.get_records() if hasattr(sarif, "get_records") else []
compare("sarif by sarif-tools", Counter((unquote(row["Location"]), row["Line"]) for row in records), lines)
levels = Counter(row["Severity"] for row in records)
ours = Counter({"info": "note", "style": "note"}.get(row["level"], row["level"]) for row in rows)
compare("levels of sarif", levels, ours)
summary = (work / "summary").read_text()
for level, count in levels.items():
    if not re.search(rf"{level}: {count}\b", summary):
        sys.exit(f"consumers: `sarif summary` does not count {count} of {level}:\n{summary}")

found = Counter()
for suite in JUnitXml.fromfile(str(work / "report.junit")):
    failures = [result for case in suite for result in case.result if isinstance(result, Failure)]
    if suite.failures != len(failures) or suite.tests != len(list(suite)):
        sys.exit(f"consumers: junit's suite {suite.name} says {suite.failures} of {suite.tests}")
    found[suite.name] += len(failures)
compare("junit by junitparser", +found, files)

checkstyle = etree.parse(str(work / "report.checkstyle"))
found = Counter(
    (file.get("name"), int(error.get("line"))) for file in checkstyle.iter("file") for error in file.iter("error")
)
compare("checkstyle by lxml", found, lines)

found = Counter((row["location"]["path"], row["location"]["lines"]["begin"]) for row in json.loads(text("gitlab")))
compare("gitlab", found, lines)
issues = [json.loads(part) for part in text("codeclimate").split("\0") if part.strip()]
compare("codeclimate", Counter((row["location"]["path"], row["location"]["positions"]["begin"]["line"]) for row in issues), lines)
places = [row["primaryLocation"] for row in json.loads(text("sonarqube"))["issues"]]
compare("sonarqube", Counter((row["filePath"], row["textRange"]["startLine"]) for row in places), lines)

# A runner of GitHub takes a line apart at its colons and commas; %25, %0A and the like stand for what would end it.
command = re.compile(r"^::(error|warning|notice) file=([^,:]*),line=(\d+)[^:]*::")
matched = [command.match(line) for line in text("github").splitlines()]
found = Counter((unquote(match[2]), int(match[3])) for match in matched if match)
compare("github", found, lines)
# An editor's error format: `%f:%l:%c: %t%*[^:]: %m`.
matched = [re.match(r"^(.+?):(\d+):(\d+): (\w+): .+ \[[\w-]+\]$", line) for line in text("compact").splitlines()]
compare("compact", Counter((match[1], int(match[2])) for match in matched if match), lines)
