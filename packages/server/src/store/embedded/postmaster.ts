import type { ChildProcess } from "node:child_process";
import { AppError } from "@spillway/core";
import type { Log } from "../../ports.ts";

import { signalProcess } from "./leftover-processes.ts";
import type { RunAs } from "./run-as.ts";
import { readLines, spawnPostgresProgram } from "./run-child.ts";
import { serverArguments, type ServerSettings } from "./settings.ts";

export type PostmasterExit = {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** True when `stop` was called before the exit. */
  readonly isWanted: boolean;
};

/** One running server process. */
export type Postmaster = {
  readonly pid: number;
  readonly exited: Promise<PostmasterExit>;
  readonly hasExited: () => boolean;
  readonly lastLines: () => readonly string[];
  readonly stop: () => Promise<PostmasterExit>;
};

export type PostmasterOptions = {
  readonly program: string;
  readonly runAs: RunAs;
  readonly settings: ServerSettings;
  readonly log: Log;
};

/** Enough to show why a start failed. */
const LAST_LINES_MAX = 20;

/** Fast shutdown ends all sessions and writes a checkpoint; then immediate; then by force. */
const STOP_STEPS: readonly (readonly [NodeJS.Signals, number])[] = [
  ["SIGINT", 30_000],
  ["SIGQUIT", 5_000],
  ["SIGKILL", 5_000],
];

export function spawnPostmaster(options: PostmasterOptions): Postmaster {
  const { program, runAs, settings, log } = options;
  const child = spawnPostgresProgram({ program, args: serverArguments(settings), runAs });
  const lines: string[] = [];
  readLines(child, (line) => {
    lines.push(line);
    if (lines.length > LAST_LINES_MAX) lines.shift();
    logServerLine(log, line);
  });
  let isWanted = false;
  let exit: PostmasterExit | null = null;
  const exited = awaitExit(child, () => isWanted).then((value) => (exit = value));
  // A Spillway that ends without a stop (a crash, process.exit) still leaves no orphan behind.
  const endWithParent = (): void => {
    if (child.pid !== undefined) signalProcess(child.pid, "SIGINT");
  };
  process.once("exit", endWithParent);
  void exited.then(() => process.off("exit", endWithParent));
  const stop = async (): Promise<PostmasterExit> => {
    isWanted = true;
    for (const [signal, waitMs] of STOP_STEPS) {
      if (exit !== null) return exit;
      child.kill(signal);
      await settledWithin(exited, waitMs);
    }
    if (exit !== null) return exit;
    throw new AppError("database_unavailable", `PostgreSQL (${child.pid}) does not end.`);
  };
  return {
    pid: child.pid ?? 0,
    exited,
    hasExited: () => exit !== null,
    lastLines: () => lines,
    stop,
  };
}

function awaitExit(child: ChildProcess, isWanted: () => boolean): Promise<PostmasterExit> {
  return new Promise((resolve) => {
    const settle = (exitCode: number | null, signal: NodeJS.Signals | null): void =>
      resolve({ exitCode, signal, isWanted: isWanted() });
    // `exit` and not `close`: children of a killed postmaster hold the pipes open for a while.
    child.once("exit", settle);
    child.once("error", () => {
      if (child.pid === undefined) settle(null, null);
    });
  });
}

async function settledWithin(promise: Promise<unknown>, waitMs: number): Promise<void> {
  const { promise: timeout, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, waitMs);
  await Promise.race([promise, timeout]);
  clearTimeout(timer);
}

/**
 * PostgreSQL's own words are detail, FATAL too: every session that a shutdown ends writes one. A
 * start that fails carries its last lines in the error.
 */
function logServerLine(log: Log, line: string): void {
  if (line.startsWith("PANIC:")) log.warn(`postgres: ${line}`);
  else log.debug(`postgres: ${line}`);
}
