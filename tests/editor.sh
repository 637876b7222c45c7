#!/bin/bash
# Builds the extension for Visual Studio Code, runs it against the real language server, and packs it with a program.
# Needs npm. The first argument is the program; without one, the debug build is used.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/debug/jettison}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Nothing is written into the working tree.
git ls-files -z editors/vscode | xargs -0 tar -cf - LICENSE-APACHE LICENSE-MIT | tar -xf - -C "$work"
cp "$work"/LICENSE-* "$work/editors/vscode/"
grep -q "\"version\": \"$(packaging/targets.py --version)\"" editors/vscode/package.json ||
    { echo "editor: the version is not that in Cargo.toml" >&2; exit 1; }
cd "$work/editors/vscode"
npm ci --silent --no-audit --no-fund
npm run --silent check
npm run --silent build
JETTISON=$program npm test --silent >"$work/log" || { cat "$work/log"; exit 1; }
grep -E '^# (tests|pass|fail|skipped)' "$work/log"

mkdir bin
cp "$program" bin/jettison
npx vsce package --target linux-x64 --no-dependencies --allow-missing-repository --out "$work/jettison.vsix" >"$work/log" 2>&1 ||
    { cat "$work/log"; exit 1; }
python3 - "$work/jettison.vsix" <<'PYTHON'
import json
import sys
import zipfile

archive = zipfile.ZipFile(sys.argv[1])
names = set(archive.namelist())
wanted = {"extension/dist/extension.js", "extension/bin/jettison", "extension/package.json"}
assert wanted <= names, f"missing: {wanted - names}"
sources = [name for name in names if name.endswith(".ts") or "node_modules" in name or "test/" in name]
assert not sources, sources
# An editor on Linux starts the program with the mode in the archive.
assert archive.getinfo("extension/bin/jettison").external_attr >> 16 & 0o111, "the program is not executable"
assert json.load(archive.open("extension/package.json"))["main"] == "./dist/extension.js"
print(f"editor: {len(names)} files in the extension")
PYTHON
