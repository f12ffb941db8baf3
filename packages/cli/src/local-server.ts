import type { BacktestOptions, BacktestResult, BacktestSummary } from "@spillway/server/backtest";
import type { PlanOptions, StrategyPlan } from "@spillway/server/plan";
import type {
  RehearsalOptions,
  RehearsalReport,
  RehearsalStep,
  ScenarioResult,
} from "@spillway/server/rehearse";
import { CliError, EXIT } from "./cli-error.ts";

export type { BacktestOptions, BacktestResult, BacktestSummary };
export type { PlanOptions, StrategyPlan };
export type { RehearsalOptions, RehearsalReport, RehearsalStep, ScenarioResult };

export type RunServer = (
  argv: string[],
  env: Readonly<Record<string, string | undefined>>,
) => Promise<number>;

export type RunBacktest = (options: BacktestOptions) => AsyncIterable<BacktestResult>;

export type RunPlan = (options: PlanOptions) => Promise<StrategyPlan>;

export type RunRehearsal = (options: RehearsalOptions) => AsyncIterable<RehearsalStep>;

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

/** Plans a strategy in this process; no server runs. */
export const runPlan: RunPlan = async (options) => {
  const server = await import("@spillway/server/plan").catch(notInstalled);
  return server.runPlan(options);
};

/** Plays invented candidates in this process; no server runs. */
export const runRehearsal: RunRehearsal = async function* (options) {
  const server = await import("@spillway/server/rehearse").catch(notInstalled);
  yield* server.runRehearsal(options);
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
