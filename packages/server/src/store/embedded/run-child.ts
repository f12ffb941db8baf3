import { spawn, type ChildProcess } from "node:child_process";
import { dirname, join } from "node:path";
import type { RunAs } from "./run-as.ts";

export type ChildOptions = {
  readonly program: string;
  readonly args: readonly string[];
  readonly runAs: RunAs;
};

/**
 * Starts one of PostgreSQL's programs. When Node is given a uid it also clears the supplementary
 * groups (libuv, uv_spawn), so nothing of root is left.
 *
 * - The environment is made from nothing: keys of model vendors must not reach another process.
 * - The working folder is `/`, because the child may not be able to enter ours.
 * - Its own session, so that Ctrl-C in a terminal reaches Spillway alone, which drains first.
 */
export function spawnPostgresProgram(options: ChildOptions): ChildProcess {
  const identity = options.runAs === null ? {} : { uid: options.runAs.uid, gid: options.runAs.gid };
  return spawn(options.program, [...options.args], {
    ...identity,
    cwd: process.platform === "win32" ? dirname(options.program) : "/",
    env: childEnvironment(options.program),
    stdio: ["ignore", "pipe", "pipe"],
    detached: process.platform !== "win32",
    windowsHide: true,
  });
}

/** Windows adds SystemRoot itself (libuv), without which no system library loads. */
function childEnvironment(program: string): Record<string, string> {
  const lib = join(dirname(program), "..", "lib");
  return { LC_ALL: "C", TZ: "UTC", PATH: "/usr/bin:/bin", LD_LIBRARY_PATH: lib };
}

/** Calls back with every complete line; the last one also without its line feed. */
export function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    let rest = "";
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      // A bound, should a program never end its line.
      rest = (lines.pop() ?? "").slice(-LINE_LENGTH_MAX);
      for (const line of lines) if (line.trim() !== "") onLine(line.trimEnd());
    });
    stream.on("end", () => {
      if (rest.trim() !== "") onLine(rest.trimEnd());
    });
    stream.on("error", () => undefined);
  }
}

const LINE_LENGTH_MAX = 65_536;
