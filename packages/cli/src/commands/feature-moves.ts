import { FeatureRollbackBody } from "@spillway/contract";
import type { FeatureMove } from "@spillway/contract";
import type { Command } from "commander";
import { Option } from "commander";
import type { ExitCode } from "../cli-error.ts";
import { EXIT } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";

const COMPONENT_KINDS = FeatureRollbackBody.shape.component.unwrap().options;

type Note = { readonly note: string };

/** Taking back is one request, with and without a rollout: nothing is looked up first. */
export function addFeatureMoves(program: Command, context: CommandContext): void {
  program
    .command("rollback")
    .description("Take a feature back at once: to the baseline, or to an earlier release.")
    .argument("<feature>", "key of the feature")
    .option("--to <release>", "release to go back to, such as discharge-summary@12")
    .addOption(
      new Option("--component <kind>", "take back this component only").choices(COMPONENT_KINDS),
    )
    .option("--note <text>", "why, for the record", "")
    .action((feature: string, body: FeatureRollbackBody) =>
      context.finish(rollback(context, feature, body)),
    );
  program
    .command("undo")
    .description("Serve again what was served before the last move.")
    .argument("<feature>", "key of the feature")
    .option("--note <text>", "why, for the record", "")
    .action((feature: string, body: Note) => context.finish(undo(context, feature, body)));
  program
    .command("kill")
    .description("Kill switch on: everyone gets the baseline, whatever the rollout says.")
    .argument("<feature>", "key of the feature")
    .option("--note <text>", "why, for the record", "")
    .action((feature: string, body: Note) =>
      context.finish(switchFeature(context, { route: "killFeature", feature, body })),
    );
  program
    .command("revive")
    .description("Kill switch off.")
    .argument("<feature>", "key of the feature")
    .option("--note <text>", "why, for the record", "")
    .action((feature: string, body: Note) =>
      context.finish(switchFeature(context, { route: "reviveFeature", feature, body })),
    );
}

async function rollback(
  context: CommandContext,
  feature: string,
  body: FeatureRollbackBody,
): Promise<ExitCode> {
  const client = await context.client();
  return printMove(context, await client.call("rollbackFeature", { params: { feature }, body }));
}

async function undo(context: CommandContext, feature: string, body: Note): Promise<ExitCode> {
  const client = await context.client();
  const move = await client.call("undoFeature", { params: { feature }, body });
  return printMove(context, move);
}

function printMove(context: CommandContext, move: FeatureMove): ExitCode {
  context.print(move, (paint) =>
    [
      `${paint.bold(move.feature)}: ${move.from ?? "nothing"} → ${move.to}`,
      move.sentence,
      paint.dim(`decision ${move.decisionId}, snapshot ${move.snapshotRevision}`),
    ].join("\n"),
  );
  return EXIT.done;
}

async function switchFeature(
  context: CommandContext,
  switched: { route: "killFeature" | "reviveFeature"; feature: string; body: Note },
): Promise<ExitCode> {
  const { route, feature, body } = switched;
  const client = await context.client();
  const found = await client.call(route, { params: { feature }, body });
  context.print(found, () =>
    found.isKilled
      ? `${found.key} is killed: ${found.baseline ?? "nothing"} answers everyone.`
      : `${found.key} is not killed: it serves ${found.baseline ?? "nothing"}${found.activeRolloutId === null ? "" : ` and its rollout ${found.activeRolloutId}`}.`,
  );
  return EXIT.done;
}
