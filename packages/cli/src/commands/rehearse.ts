import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import type { ExitCode } from "../cli-error.ts";
import { EXIT } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import type { RehearsalReport, ScenarioResult, StrategyPlan } from "../local-server.ts";
import type { PlannedOptions } from "../planned-feature.ts";
import { findPlanned } from "../planned-feature.ts";
import { renderRehearsal } from "../render/rehearsal.ts";
import {
  baselineValue,
  latencyMs,
  ratePerHour,
  sliceShare,
  stickyUnits,
  unitOption,
  wholeNumber,
} from "./option-values.ts";
import { asUsage } from "./plan.ts";

type Options = PlannedOptions & { readonly repetitions: number; readonly seed: number };

const MOST_REPETITIONS = 100_000;

export function addRehearse(program: Command, context: CommandContext): void {
  program
    .command("rehearse")
    .summary("play a strategy against invented bad candidates before it meets a real one")
    .description(
      "Play the real gate against invented candidates at this traffic: how surely and how soon each harm is taken back, how many people see it, and how often a good change is.",
    )
    .argument("<strategy>", "strategy file, name of a stored one, or a feature with a rollout")
    .option("--rate <requests>", "traffic, such as 3600/h or 60/min", ratePerHour)
    .option("--feature <key>", "take the traffic, unit and SLA of this feature")
    .option("--baseline <metric=value>", "what the baseline shows; repeatable", baselineValue, {})
    .option("--slice <name:share>", "a slice of the traffic; repeatable", sliceShare, [])
    .addOption(unitOption())
    .option("--sticky <requests:correlation>", "how units return, such as 10:0.1", stickyUnits)
    .option("--sla <time>", "what limit: sla stands for, such as 2.5s", latencyMs)
    .option("--repetitions <n>", "rollouts of each kind", repetitions, 500)
    .option("--seed <n>", "of the invented traffic", wholeNumber, 1)
    .action((strategy: string, options: Options) =>
      context.finish(rehearse(context, strategy, options)),
    );
}

async function rehearse(
  context: CommandContext,
  strategy: string,
  options: Options,
): Promise<ExitCode> {
  const { options: planned, withLines } = await findPlanned(context, strategy, options);
  const { repetitions: count, seed } = options;
  const played = { ...planned, repetitions: count, seed };
  const { results, report, units } = await playAll(context, played).catch((error: unknown) => {
    throw asUsage(withLines(error));
  });
  const { requestsPerHour } = planned;
  const shown = { ...report, requestsPerHour, units, repetitions: count, seed, results };
  context.print(shown, (paint) => renderRehearsal(shown, paint));
  for (const { bound, sentence } of report.broken) context.say(`error: ${bound}: ${sentence}`);
  return report.broken.length === 0 ? EXIT.done : EXIT.failed;
}

type Played = {
  readonly results: readonly ScenarioResult[];
  readonly report: RehearsalReport;
  readonly units: StrategyPlan["units"];
};

async function playAll(
  context: CommandContext,
  options: Parameters<CommandContext["io"]["runRehearsal"]>[0],
): Promise<Played> {
  const results: ScenarioResult[] = [];
  let played: Omit<Played, "results"> = { report: { answer: "", broken: [] }, units: null };
  for await (const step of context.io.runRehearsal(options)) {
    if (step.kind === "report") {
      played = step;
      continue;
    }
    results.push(step.result);
    context.say(`${results.length} of ${step.of}: ${step.result.scenario.title}`);
  }
  const { report, units } = played;
  return { results, report, units };
}

function repetitions(text: string): number {
  const parsed = wholeNumber(text);
  if (parsed >= 1 && parsed <= MOST_REPETITIONS) return parsed;
  throw new InvalidArgumentError(`Wanted 1 to ${MOST_REPETITIONS} repetitions.`);
}
