import { resolve } from "node:path";
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import type { ExitCode } from "../cli-error.ts";
import { CliError, EXIT } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import type { BacktestOptions, BacktestResult, BacktestSummary } from "../local-server.ts";
import { renderBacktest } from "../render/backtest.ts";
import { wholeNumber } from "./option-values.ts";

type Options = {
  readonly recordings: string;
  readonly pair?: string[];
  readonly all?: boolean;
  readonly sameVersion?: boolean;
  readonly strategy?: string;
  readonly seed?: readonly number[];
  readonly seeds?: number;
  readonly table?: boolean;
  readonly throughGateway?: boolean;
};

/** What the confusion table is made with: the stages and levels of a tier 1 rollout. */
const TABLE_STRATEGY = "backtest-tier1";
const MOST_SEEDS = 10_000;

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
    .option(
      "--same-version",
      "also play each baseline against itself, where nothing is to be found",
    )
    .option("--strategy <file>", "strategy to release by, a file or the name of a built-in one")
    .option(
      "--seed <n>",
      "of the traffic, so that a run can be repeated; or a range, 1..20",
      seedRange,
    )
    .option("--seeds <n>", "play each pair with the seeds 1 to n", wholeNumber)
    .option("--table", "hold all outcomes against what was published, by a tier 1 strategy")
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
      else context.say(`${result.pair}, seed ${result.seed}: ${result.outcome.replace("_", " ")}`);
    }
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    await report(context, options, results);
    throw new CliError(`played ${results.length}, then failed: ${text}`, EXIT.failed, { cause });
  }
  const summary = await report(context, options, results);
  const missing =
    pairIds === "all" ? [] : pairIds.filter((id) => !results.some(({ pair }) => pair === id));
  if (missing.length === 0 && summary !== null) {
    const { violations } = summary;
    // For people they stand below the table.
    if (context.isJson()) violations.forEach((sentence) => context.say(`error: ${sentence}`));
    return violations.length > 0 ? EXIT.failed : EXIT.done;
  }
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
  const { strategy = options.table === true ? TABLE_STRATEGY : undefined } = options;
  // A bare name is that of a strategy which comes with the server.
  const strategyFile =
    strategy === undefined || /^[\w-]+$/.test(strategy) ? strategy : resolve(cwd, strategy);
  return {
    recordingsDir: resolve(cwd, options.recordings),
    pairIds,
    ...(options.sameVersion === true ? { withSameVersion: true } : {}),
    ...(strategyFile === undefined ? {} : { strategyFile }),
    seeds: seedsOf(options),
    throughGateway: options.throughGateway === true,
    onProgress: (text) => context.say(text),
  };
}

function seedsOf({ seed, seeds }: Options): readonly number[] {
  if (seed !== undefined && seeds !== undefined) {
    throw new CliError("wanted --seed or --seeds, and not both.");
  }
  if (seeds === undefined) return seed ?? [1];
  if (seeds < 1 || seeds > MOST_SEEDS) {
    throw new CliError(`wanted 1 to ${MOST_SEEDS} seeds, found ${seeds}.`);
  }
  return range(1, seeds);
}

/** "7" is one seed, "1..20" twenty. */
function seedRange(text: string): readonly number[] {
  const [first, last, ...rest] = text.split("..").map(wholeNumber);
  if (first === undefined || rest.length > 0) throw new InvalidArgumentError(SEED_WANTED);
  if (last === undefined) return [first];
  if (last < first || last - first >= MOST_SEEDS) throw new InvalidArgumentError(SEED_WANTED);
  return range(first, last);
}

const SEED_WANTED = "Wanted a whole number, or a range such as 1..20.";

const range = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** Null when nothing was played. With --json each play was printed as it ended, and only a table is left. */
async function report(
  context: CommandContext,
  options: Options,
  results: readonly BacktestResult[],
): Promise<BacktestSummary | null> {
  if (results.length === 0) return null;
  const summary = await context.io.summariseBacktest(results);
  if (!context.isJson()) {
    context.print(summary, (paint) => renderBacktest(results, summary, paint));
  } else if (options.table === true) {
    context.io.stdout.write(`${JSON.stringify({ summary })}\n`);
  }
  return summary;
}
