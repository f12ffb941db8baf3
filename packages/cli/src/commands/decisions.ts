import type { Replay } from "@spillway/contract";
import type { ControlClient } from "@spillway/sdk";
import type { Command } from "commander";
import type { ExitCode } from "../cli-error.ts";
import { CliError, EXIT } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { count } from "../render/numbers.ts";
import type { Paint } from "../render/paint.ts";

export function addDecisions(program: Command, context: CommandContext): void {
  program
    .command("explain")
    .description("Say in sentences why a decision came out as it did.")
    .argument("<decision>", "id of the decision")
    .action((id: string) => context.finish(explain(context, id)));
  program
    .command("replay")
    .description(
      "Decide again from the stored inputs. Exit code 1 when it comes out differently, 3 when there is nothing to decide from.",
    )
    .argument("[decision]", "id of the decision")
    .option("--rollout <id>", "all decisions of a rollout")
    .action((decision: string | undefined, options: { rollout?: string }) =>
      context.finish(replay(context, decision, options.rollout)),
    );
}

async function explain(context: CommandContext, id: string): Promise<ExitCode> {
  const client = await context.client();
  const explanation = await client.call("explainDecision", { params: { id } });
  context.print(explanation, () => explanation.sentences.join("\n"));
  return EXIT.done;
}

async function replay(
  context: CommandContext,
  decision: string | undefined,
  rollout: string | undefined,
): Promise<ExitCode> {
  if ((decision === undefined) === (rollout === undefined)) {
    throw new CliError(
      "wanted one decision, or --rollout <id> for all of a rollout's. Their ids are in `spillway get rollout <feature>`.",
    );
  }
  const client = await context.client();
  const ids = decision === undefined ? await decisionsOf(client, rollout ?? "") : [decision];
  if (ids.length === 0) {
    throw new CliError(`rollout ${rollout} has no decision to replay yet.`, EXIT.undecided);
  }
  const replays: Replay[] = [];
  // One at a time: a long rollout has thousands, and the server decides them on one thread.
  for (const id of ids) replays.push(await client.call("replayDecision", { params: { id } }));
  const result = decision === undefined ? replays : replays[0];
  context.print(result, (paint) => renderReplays(replays, paint));
  if (replays.some(({ agrees }) => agrees === false)) return EXIT.failed;
  return replays.every(({ agrees }) => agrees === true) ? EXIT.done : EXIT.undecided;
}

async function decisionsOf(client: ControlClient, rolloutId: string): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.call("listDecisions", {
      params: { id: rolloutId },
      query: { limit: 500, ...(cursor === undefined ? {} : { cursor }) },
    });
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return ids.toReversed();
}

function verdictOn(agrees: boolean | null, paint: Paint): string {
  if (agrees === null) return paint.yellow("⚠ not replayable");
  return agrees ? paint.green("✔ agrees") : paint.red("✖ differs");
}

function renderReplays(replays: readonly Replay[], paint: Paint): string {
  const lines = replays.map(
    ({ decisionId, agrees, sentence }) => `${verdictOn(agrees, paint)}  ${decisionId}  ${sentence}`,
  );
  if (replays.length === 1) return lines.join("\n");
  const agreeing = replays.filter(({ agrees }) => agrees === true).length;
  return [
    ...lines,
    `${count(agreeing)} of ${count(replays.length)} decisions came out the same.`,
  ].join("\n");
}
