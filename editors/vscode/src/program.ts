// The search for the program. It does not use the editor, so that it can be tested without one.

import { accessSync, constants, statSync } from "node:fs";
import * as path from "node:path";

/** Where to look, besides the directories of PATH. */
export interface Places {
  /** The user's setting; empty if there is none. */
  setting: string;
  /** The directory of the extension, which contains the program if it was packed for this platform. */
  extension: string;
  /** The value of PATH. */
  search: string | undefined;
}

/** The path of the program to start, or a message for the user. */
export type Found = { program: string } | { error: string };

const NAME = process.platform === "win32" ? "jettison.exe" : "jettison";

export function findProgram(places: Places): Found {
  if (places.setting !== "") {
    // A relative path would depend on the directory that the editor was started in.
    if (!path.isAbsolute(places.setting)) {
      return { error: "`jettison.path` must be an absolute path" };
    }
    if (!isProgram(places.setting)) {
      return { error: `\`jettison.path\` is not a program: ${places.setting}` };
    }
    return { program: places.setting };
  }
  const bundled = path.join(places.extension, "bin", NAME);
  if (isProgram(bundled)) {
    return { program: bundled };
  }
  for (const directory of (places.search ?? "").split(path.delimiter)) {
    // An empty or relative entry is the current directory, which may be an untrusted repository.
    const candidate = path.join(directory, NAME);
    if (path.isAbsolute(directory) && isProgram(candidate)) {
      return { program: candidate };
    }
  }
  return { error: "jettison is not on PATH: install it, or set `jettison.path`" };
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
