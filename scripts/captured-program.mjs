// A program whose output is kept and shown only when it fails.
import { spawn } from "node:child_process";

/** Kept per program: enough for any report a person reads, and a bound on a runaway one. */
const OUTPUT_LIMIT = 400_000;

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 * @returns {Promise<{ code: number, output: string }>} the exit code (1 for a signal or a failed
 *   start) and what it wrote, stdout and stderr as they came
 */
export function runCaptured(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    const stop = (signal) => child.kill(signal);
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, stop);
    let output = "";
    const keep = (chunk) => {
      if (output.length < OUTPUT_LIMIT) output += chunk.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const settle = (code) => {
      for (const signal of signals) process.off(signal, stop);
      resolve({ code, output });
    };
    child.once("error", (error) => {
      output += error.message;
      settle(1);
    });
    child.once("close", (code, signal) => {
      if (signal !== null) output += `\n(ended by ${signal})`;
      settle(code ?? 1);
    });
  });
}
