// Where the extension finds the program.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import program from "../dist/program.js";

const { findProgram } = program;

function directory(t) {
  const created = mkdtempSync(path.join(tmpdir(), "jettison-"));
  t.after(() => rmSync(created, { recursive: true }));
  return created;
}

function place(file, mode = 0o755) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, "");
  chmodSync(file, mode);
  return file;
}

test("the setting comes first, then the bundled program, then PATH", (t) => {
  const top = directory(t);
  const onPath = place(path.join(top, "path/jettison"));
  const places = { setting: "", extension: path.join(top, "extension"), search: path.join(top, "path") };
  assert.deepEqual(findProgram(places), { program: onPath });
  const bundled = place(path.join(top, "extension/bin/jettison"));
  assert.deepEqual(findProgram(places), { program: bundled });
  const own = place(path.join(top, "own"));
  assert.deepEqual(findProgram({ ...places, setting: own }), { program: own });
});

test("a program in the current directory is never started", (t) => {
  const top = directory(t);
  place(path.join(top, "jettison"));
  const before = process.cwd();
  process.chdir(top);
  t.after(() => process.chdir(before));
  for (const search of ["", ".", ":.:", "bin", undefined]) {
    assert.match(findProgram({ setting: "", extension: "/none", search }).error, /not on PATH/);
  }
  assert.match(findProgram({ setting: "jettison", extension: "/none", search: "" }).error, /absolute/);
});

test("a file that is not executable is not a program", (t) => {
  const file = place(path.join(directory(t), "jettison"), 0o644);
  assert.match(findProgram({ setting: file, extension: "/none", search: "" }).error, /not a program/);
});
