// Finds the Node that runs this project, and runs programs with it. Plain JavaScript that Node 20
// understands and without dependencies: it works before anything is installed. Shared by `spillway`
// (beside it) and by scripts/run.mjs; it lives here because the command must carry it along.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Sources run unbuilt, by native type stripping: stable and without a warning since Node 24. */
const LEAST_NODE_MAJOR = 24;

const FORWARDED_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Whether the running process can run TypeScript sources itself. */
export function isNodeNewEnough(version = process.versions.node) {
  return Number(version.split(".")[0]) >= LEAST_NODE_MAJOR;
}

/** Name of the npm package that holds Node's binary for a platform, as in optionalDependencies. */
function nodePackageName({ platform, arch } = process) {
  return `node-${platform === "win32" ? "win" : platform}-${arch}`;
}

/**
 * The Node binary to use: the packaged one found in a node_modules above `from`, else the running
 * one if it is new enough. The packaged one goes first, because it is the version the tests ran on.
 *
 * @param {string} from a directory or file URL to search upwards from
 * @returns {{ kind: "found", path: string } | { kind: "missing", message: string }}
 */
export function findNode(from) {
  const packageName = nodePackageName();
  const binary = process.platform === "win32" ? "node.exe" : "node";
  for (const directory of ancestors(fileURLToPath(from))) {
    const path = join(directory, "node_modules", packageName, "bin", binary);
    if (existsSync(path)) return { kind: "found", path };
  }
  if (isNodeNewEnough()) return { kind: "found", path: process.execPath };
  return {
    kind: "missing",
    message:
      `Node ${LEAST_NODE_MAJOR} is needed. This is Node ${process.versions.node} on ` +
      `${process.platform}-${process.arch}, and the package ${packageName} that would bring ` +
      `Node ${LEAST_NODE_MAJOR} is not installed. Run "npm ci" with optional dependencies, or, ` +
      `if there is no such package for this platform, install Node ${LEAST_NODE_MAJOR} or newer.`,
  };
}

/**
 * Runs a program on this process's terminal until it ends. Signals that this process receives are
 * passed on. SIGINT is not passed on when a terminal is attached: the terminal has sent it to the
 * whole process group, and a second one reads as "stop at once" to a program that is draining.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 * @returns {Promise<{ code: number | null, signal: string | null }>}
 */
export function runProgram(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    const forward = (signal) => {
      if (signal === "SIGINT" && process.stdin.isTTY) return;
      child.kill(signal);
    };
    for (const signal of FORWARDED_SIGNALS) process.on(signal, forward);
    const settle = (finish) => {
      for (const signal of FORWARDED_SIGNALS) process.off(signal, forward);
      finish();
    };
    child.once("error", (cause) =>
      settle(() => reject(new Error(`Could not start ${command}: ${startHint(cause)}`, { cause }))),
    );
    child.once("exit", (code, signal) => settle(() => resolve({ code, signal })));
  });
}

/** Ends this process the way the program ended: the same exit code, or the same signal. */
export function endLike({ code, signal }) {
  if (signal !== null) {
    process.kill(process.pid, signal);
    // Reached only where the signal does not end this process; 128 + n is the shell's convention.
    process.exitCode = 128;
    return;
  }
  process.exitCode = code ?? 1;
}

function startHint(cause) {
  // A binary that exists and yet is "not found" lacks its loader: glibc's Node on a musl system.
  return cause.code === "ENOENT" && process.platform === "linux"
    ? `${cause.message}. On Alpine and other musl systems install Node ${LEAST_NODE_MAJOR} with the system's package manager and remove the packaged one.`
    : cause.message;
}

function* ancestors(path) {
  for (let directory = path; ; directory = dirname(directory)) {
    yield directory;
    if (dirname(directory) === directory) return;
  }
}
