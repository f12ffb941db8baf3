import type { RolloutAction, RolloutActionBody, RolloutDetail } from "@spillway/contract";
import type { Command } from "commander";
import { requireActiveRollout } from "../active-rollout.ts";
import type { ExitCode } from "../cli-error.ts";
import { EXIT } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { stateBadge } from "../render/icons.ts";
import { loadStrategy } from "../manifest/load-strategy.ts";

type ActionOptions = RolloutActionBody & { readonly note: string };

const PLAIN_ACTIONS = [
  ["approve", "Approve the stage that waits. Refused for the author where the strategy asks so."],
  ["pause", "Freeze the share until a person resumes."],
  ["resume", "Go on after a pause."],
  ["abort", "End the rollout: the baseline answers everyone at once, and the record says aborted."],
] as const satisfies readonly (readonly [RolloutAction, string])[];

export function addRolloutActions(program: Command, context: CommandContext): void {
  program
    .command("promote")
    .description("Enter the next stage now. Refused while requirements are unmet.")
    .argument("<feature>", "key of the feature")
    .option("--full", "skip all remaining stages")
    .option("--override", "go on although requirements are unmet; recorded with your note")
    .option("--note <text>", "why, for the record", "")
    .action((feature: string, options: ActionOptions) =>
      context.finish(act(context, { action: "promote", feature, body: options })),
    );
  program
    .command("revise")
    .description("Go on by another strategy. New tests start, and the record keeps both.")
    .argument("<feature>", "key of the feature")
    .requiredOption("--strategy <name>", "name of a strategy, stored or built in, or a YAML file")
    .option("--note <text>", "why, for the record", "")
    .action((feature: string, options: { strategy: string; note: string }) =>
      context.finish(revise(context, feature, options)),
    );
  for (const [action, description] of PLAIN_ACTIONS) {
    program
      .command(action)
      .description(description)
      .argument("<feature>", "key of the feature")
      .option("--note <text>", "why, for the record", "")
      .action((feature: string, options: ActionOptions) =>
        context.finish(act(context, { action, feature, body: options })),
      );
  }
}

async function act(
  context: CommandContext,
  { action, feature, body }: { action: RolloutAction; feature: string; body: RolloutActionBody },
): Promise<ExitCode> {
  const client = await context.client();
  const { id } = await requireActiveRollout(client, feature);
  const rollout = await client.call("rolloutAction", { params: { id, action }, body });
  printRollout(context, rollout);
  return EXIT.done;
}

async function revise(
  context: CommandContext,
  feature: string,
  options: { readonly strategy: string; readonly note: string },
): Promise<ExitCode> {
  const { strategy, withLines } = await loadStrategy(options.strategy, context.io.cwd);
  const client = await context.client();
  const { id } = await requireActiveRollout(client, feature);
  const body = { strategy, note: options.note };
  const revised = await client
    .call("reviseRollout", { params: { id }, body })
    .catch((error: unknown) => {
      throw withLines(error);
    });
  printRollout(context, revised);
  return EXIT.done;
}

function printRollout(context: CommandContext, rollout: RolloutDetail): void {
  context.print(rollout, (paint) =>
    [
      `${stateBadge(rollout, paint)}  ${paint.bold(rollout.feature)}  ${rollout.id}`,
      rollout.sentence,
      ...rollout.unmet
        .filter(({ sentence }) => sentence !== rollout.sentence)
        .map(({ code, sentence }) => `  • ${code}: ${sentence}`),
    ].join("\n"),
  );
}
