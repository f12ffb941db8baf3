import { resolve } from "node:path";
import type { Command } from "commander";
import type { ExitCode } from "../cli-error.ts";
import { CliError, EXIT } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import type { BacktestOptions, BacktestResult } from "../local-server.ts";
import { renderBacktest } from "../render/backtest.ts";
import { wholeNumber } from "./option-values.ts";

type Options = {
  readonly recordings: string;
  readonly pair?: string[];
  readonly all?: boolean;
  readonly strategy?: string;
  readonly seed: number;
  readonly throughGateway?: boolean;
};

export function addBacktest(program: Command, context: CommandContext): void {
  program
    .command("backtest")
    .summary("release recorded pairs again, and see what would have happened")
    .description(
      "Play recorded pairs of releases through the real loop on a virtual clock. No server is needed.",
    )
    .requiredOption("--recordings <dir>", "folder of recordings")
    .option("--pair <id...>", "pairs to play; repeatable")
    .option("--all", "play all pairs")
    .option("--strategy <file>", "strategy to release by; that of the recordings when left out")
    .option("--seed <n>", "of the traffic, so that a run can be repeated", wholeNumber, 1)
    .option("--through-gateway", "send every request through a real gateway")
    .action((options: Options) => context.finish(backtest(context, options)));
}

async function backtest(context: CommandContext, options: Options): Promise<ExitCode> {
  const pairIds = pairsOf(options);
  const results: BacktestResult[] = [];
  const { io } = context;
  const play = io.runBacktest(backtestOptions(context, options, pairIds));
  try {
    for await (const result of play) {
      results.push(result);
      if (context.isJson()) io.stdout.write(`${JSON.stringify(result)}\n`);
      else context.say(`${result.pair}: ${result.outcome.replace("_", " ")}`);
    }
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    printTable(context, results);
    throw new CliError(`played ${results.length}, then failed: ${text}`, EXIT.failed, { cause });
  }
  printTable(context, results);
  const missing =
    pairIds === "all" ? [] : pairIds.filter((id) => !results.some(({ pair }) => pair === id));
  if (missing.length === 0 && results.length > 0) return EXIT.done;
  context.say(
    results.length === 0
      ? `error: no pair was played; is ${options.recordings} a folder of recordings?`
      : `error: not played: ${missing.join(", ")}`,
  );
  return EXIT.failed;
}

function pairsOf({ pair, all }: Options): string[] | "all" {
  if ((pair === undefined) === (all !== true)) {
    throw new CliError("wanted --pair <id> (repeatable) or --all, and not both.");
  }
  return pair === undefined ? "all" : [...new Set(pair)];
}

function backtestOptions(
  context: CommandContext,
  options: Options,
  pairIds: string[] | "all",
): BacktestOptions {
  const { cwd } = context.io;
  return {
    recordingsDir: resolve(cwd, options.recordings),
    pairIds,
    ...(options.strategy === undefined ? {} : { strategyFile: resolve(cwd, options.strategy) }),
    seed: options.seed,
    throughGateway: options.throughGateway === true,
    onProgress: (text) => context.say(text),
  };
}

function printTable(context: CommandContext, results: readonly BacktestResult[]): void {
  if (context.isJson() || results.length === 0) return;
  context.print(results, (paint) => renderBacktest(results, paint));
}
