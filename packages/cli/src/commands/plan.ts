import type { Command } from "commander";
import type { ExitCode } from "../cli-error.ts";
import { CliError, EXIT } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import type { PlannedOptions } from "../planned-feature.ts";
import { findPlanned } from "../planned-feature.ts";
import { renderPlan } from "../render/plan.ts";
import {
  baselineValue,
  latencyMs,
  ratePerHour,
  sliceShare,
  stickyUnits,
  unitOption,
} from "./option-values.ts";

export function addPlan(program: Command, context: CommandContext): void {
  program
    .command("plan")
    .summary("how long a strategy takes to know, stage by stage")
    .description(
      "Work out how many answers and hours each criterion needs in each stage: to catch its rollback level, and to clear a good change.",
    )
    .argument("<strategy>", "strategy file, name of a stored one, or a feature with a rollout")
    .option("--rate <requests>", "traffic, such as 3600/h or 60/min", ratePerHour)
    .option("--feature <key>", "take the traffic, unit and SLA of this feature")
    .option("--baseline <metric=value>", "what the baseline shows; repeatable", baselineValue, {})
    .option("--slice <name:share>", "a slice of the traffic; repeatable", sliceShare, [])
    .addOption(unitOption())
    .option("--sticky <requests:correlation>", "how units return, such as 10:0.1", stickyUnits)
    .option("--sla <time>", "what limit: sla stands for, such as 2.5s", latencyMs)
    .action((strategy: string, options: PlannedOptions) =>
      context.finish(plan(context, strategy, options)),
    );
}

async function plan(
  context: CommandContext,
  strategy: string,
  options: PlannedOptions,
): Promise<ExitCode> {
  const { options: planned, withLines } = await findPlanned(context, strategy, options);
  const result = await context.io.runPlan(planned).catch((error: unknown) => {
    throw asUsage(withLines(error));
  });
  context.print(result, (paint) => renderPlan(result, paint));
  for (const warning of result.warnings) context.say(`warning: ${warning}`);
  return result.isDecidable ? EXIT.done : EXIT.failed;
}

/** What the server's code says of a strategy or a metric is about what was typed. */
export function asUsage(cause: unknown): unknown {
  const code = cause instanceof Error && "code" in cause ? cause.code : null;
  if (code !== "invalid_configuration") return cause;
  return new CliError((cause as Error).message, EXIT.usage, { cause });
}
