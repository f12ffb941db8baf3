import type { BacktestOptions, BacktestResult, BacktestSummary } from "@spillway/server/backtest";
import { CliError, EXIT } from "./cli-error.ts";

export type { BacktestOptions, BacktestResult, BacktestSummary };

export type RunServer = (
  argv: string[],
  env: Readonly<Record<string, string | undefined>>,
) => Promise<number>;

export type RunBacktest = (options: BacktestOptions) => AsyncIterable<BacktestResult>;

/** Runs the server in this process. Loaded only here: every other command starts without it. */
export const runServer: RunServer = async (argv, env) => {
  const server = await import("@spillway/server/main").catch(notInstalled);
  return server.runServer(argv, env);
};

/** Plays recorded pairs in this process; no server runs. */
export const runBacktest: RunBacktest = async function* (options) {
  const server = await import("@spillway/server/backtest").catch(notInstalled);
  yield* server.runBacktest(options);
};

export type SummariseBacktest = (results: readonly BacktestResult[]) => Promise<BacktestSummary>;

/** All plays against what was published of their pairs. */
export const summariseBacktest: SummariseBacktest = async (results) => {
  const server = await import("@spillway/server/backtest").catch(notInstalled);
  return server.summarise(results);
};

/** Only that the server's own module is missing means this; anything else is a fault to be seen. */
function notInstalled(cause: unknown): never {
  const { code, message } = cause as NodeJS.ErrnoException;
  const isMissing = code === "ERR_MODULE_NOT_FOUND" || code === "ERR_PACKAGE_PATH_NOT_EXPORTED";
  if (!isMissing || !message.includes("@spillway/server")) throw cause;
  throw new CliError(
    `this command runs the server's own code, which is not installed here: ${message}. Install all of Spillway, or use a command that calls a running server.`,
    EXIT.failed,
    { cause },
  );
}
