#!/usr/bin/env node
// Starts the program of this platform, which is in a package of its own.

"use strict";

const { spawnSync } = require("node:child_process");

const platform = `jettison-${process.platform}-${process.arch}`;

function find() {
  try {
    return require.resolve(`${platform}/bin/jettison`);
  } catch {
    return undefined;
  }
}

const program = find();
if (program === undefined) {
  console.error(
    `error: the package ${platform} is not installed: npm installs it unless optional dependencies are omitted ` +
      `(--omit=optional) or there is no program for this platform`,
  );
  process.exit(2);
}
const result = spawnSync(program, process.argv.slice(2), { stdio: "inherit" });
if (result.error) {
  console.error(`error: cannot start ${program}: ${result.error.message}`);
  process.exit(2);
}
if (result.signal) {
  // Callers see the same signal as from the program itself.
  process.kill(process.pid, result.signal);
}
process.exitCode = result.status ?? 2;
