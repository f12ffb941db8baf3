import type { RolloutDetail } from "@spillway/contract";
import type { ControlClient } from "@spillway/sdk";
import type { Command } from "commander";
import { findLatestRollout, isOver } from "../active-rollout.ts";
import { watchChanges } from "../change-wait.ts";
import type { ExitCode } from "../cli-error.ts";
import { EXIT } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { renderFeatures, renderRollouts, renderStrategies } from "../render/lists.ts";
import type { RolloutTree } from "../render/rollout-tree.ts";
import { renderRolloutTree } from "../render/rollout-tree.ts";

const DECISIONS_SHOWN = 5;
const REDRAW_MS = 1_000;
const CLEAR_SCREEN = "\u001B[H\u001B[2J\u001B[3J";

export function addGet(program: Command, context: CommandContext): void {
  const get = program.command("get").description("Show a rollout, all rollouts, or all features.");
  get
    .command("rollout")
    .description("Show a feature's rollout: stages, shares, gate, why, and the last decisions.")
    .argument("<feature>", "key of the feature")
    .option("-w, --watch", "draw again as it changes, until the rollout is over")
    .action((feature: string, options: { watch?: boolean }) =>
      context.finish(
        options.watch === true ? watchRollout(context, feature) : getRollout(context, feature),
      ),
    );
  get
    .command("rollouts")
    .description("List rollouts, those that need attention first.")
    .option("--feature <feature>", "of one feature only")
    .option("--active", "leave out those that are over")
    .action((options: { feature?: string; active?: boolean }) =>
      context.finish(getRollouts(context, options)),
    );
  get
    .command("features")
    .description("List features and what they serve.")
    .action(() => context.finish(getFeatures(context)));
  get
    .command("strategies")
    .description("List strategies: those that were stored, and those that come with the server.")
    .action(() => context.finish(getStrategies(context)));
}

async function getRollout(context: CommandContext, feature: string): Promise<ExitCode> {
  const client = await context.client();
  const { id } = await findLatestRollout(client, feature);
  const tree = await loadTree(client, id);
  context.print(tree.detail, (paint) => renderRolloutTree(tree, paint));
  return EXIT.done;
}

/** Stays with the rollout that it began with: a later one of the feature is another story. */
async function watchRollout(context: CommandContext, feature: string): Promise<ExitCode> {
  const client = await context.client();
  const { id } = await findLatestRollout(client, feature);
  const changes = watchChanges(client, context.io, feature);
  const { stdout } = context.io;
  const isRedrawn = stdout.isTerminal && !context.isJson();
  let printed = "";
  try {
    for (;;) {
      const tree = await loadTree(client, id);
      // In a pipe a new copy is printed only when the rollout moved; on a screen, times move too.
      const shown = JSON.stringify(tree.detail);
      if (isRedrawn || shown !== printed) {
        if (isRedrawn) stdout.write(CLEAR_SCREEN);
        else if (context.isJson()) stdout.write(`${shown}\n`);
        else if (printed !== "") stdout.write("\n");
        if (!context.isJson()) {
          context.print(tree.detail, (paint) => renderRolloutTree(tree, paint));
        }
      }
      printed = shown;
      if (isOver(tree.detail)) return exitCodeOf(tree.detail);
      await changes.wait(REDRAW_MS);
    }
  } finally {
    changes.close();
  }
}

function exitCodeOf({ state }: RolloutDetail): ExitCode {
  return state === "completed" ? EXIT.done : EXIT.failed;
}

async function loadTree(client: ControlClient, id: string): Promise<RolloutTree> {
  const [detail, decisions, health] = await Promise.all([
    client.call("getRollout", { params: { id } }),
    client.call("listDecisions", { params: { id }, query: { limit: DECISIONS_SHOWN } }),
    client.call("health"),
  ]);
  return { detail, decisions: decisions.items, nowMs: health.clock.nowMs };
}

async function getRollouts(
  context: CommandContext,
  options: { feature?: string; active?: boolean },
): Promise<ExitCode> {
  const client = await context.client();
  const page = await client.call("listRollouts", {
    query: {
      ...(options.feature === undefined ? {} : { feature: options.feature }),
      ...(options.active === true ? { active: "true" } : {}),
    },
  });
  context.print(page, (paint) => renderRollouts(page.items, paint));
  if (page.nextCursor !== null) {
    context.say(`Only the first ${page.items.length} are shown; narrow it with --feature.`);
  }
  return EXIT.done;
}

async function getStrategies(context: CommandContext): Promise<ExitCode> {
  const client = await context.client();
  const strategies = await client.call("listStrategies");
  context.print(strategies, (paint) => renderStrategies(strategies.items, paint));
  return EXIT.done;
}

async function getFeatures(context: CommandContext): Promise<ExitCode> {
  const client = await context.client();
  const features = await client.call("listFeatures");
  context.print(features, (paint) => renderFeatures(features.items, paint));
  return EXIT.done;
}
