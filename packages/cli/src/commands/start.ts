import type { RolloutDetail, RolloutDraft } from "@spillway/contract";
import { SpillwayError } from "@spillway/sdk";
import type { ControlClient } from "@spillway/sdk";
import type { Command } from "commander";
import { findActiveRollout } from "../active-rollout.ts";
import type { ExitCode } from "../cli-error.ts";
import { CliError, EXIT } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { renderReleaseDiff } from "../render/release-diff.ts";
import { warningLines } from "../render/warnings.ts";
import { loadStrategy } from "../manifest/load-strategy.ts";
import { withMoreWords } from "../more-words.ts";

type StartOptions = {
  readonly candidate: string;
  readonly strategy: string;
  readonly note: string;
};

type Strategy = RolloutDraft["strategy"];

export function addStart(program: Command, context: CommandContext): void {
  program
    .command("start")
    .summary("move a feature to a candidate release, by a strategy")
    .description("Create a rollout from what the feature serves to the candidate, and start it.")
    .argument("<feature>", "key of the feature")
    .requiredOption("--candidate <release>", "release to move to, such as discharge-summary@14")
    .requiredOption("--strategy <name>", "name of a strategy, stored or built in, or a YAML file")
    .option("--note <text>", "why, for the record", "")
    .action((feature: string, options: StartOptions) =>
      context.finish(start(context, feature, options)),
    );
}

async function start(
  context: CommandContext,
  feature: string,
  options: StartOptions,
): Promise<ExitCode> {
  const { strategy, withLines } = await loadStrategy(options.strategy, context.io.cwd);
  const client = await context.client();
  const prepared = await prepare(client, { feature, strategy, options }).catch((error: unknown) => {
    throw withLines(error);
  });
  const { baseline: before, candidate: after, changes } = prepared;
  sayWarnings(context, feature, prepared.warnings ?? []);
  context.say(`${feature}: what will be replaced`);
  if (!context.isJson()) {
    context.print(prepared, (paint) => renderReleaseDiff({ before, after, changes }, paint));
  }
  const params = { id: prepared.id, action: "start" } as const;
  const started = await client
    .call("rolloutAction", { params, body: { note: options.note } })
    .catch((error: unknown) => {
      throw leftPending(error, feature, prepared);
    });
  context.print(started, () => started.sentence);
  context.say(`Follow it with \`spillway get rollout ${feature} -w\`.`);
  return EXIT.done;
}

/** A program reads all of them; people get the first of each kind, since the diff comes below. */
function sayWarnings(context: CommandContext, feature: string, warnings: readonly string[]): void {
  const lines = context.isJson()
    ? warnings.map((warning) => `warning: ${warning}`)
    : warningLines(warnings, `\`spillway plan ${feature}\` (a slice's with \`--slice\`)`);
  for (const line of lines) context.say(line);
}

/** A rollout that an earlier start prepared and could not start is taken up, not made twice. */
async function prepare(
  client: ControlClient,
  { feature, strategy, options }: { feature: string; strategy: Strategy; options: StartOptions },
): Promise<RolloutDetail> {
  const active = await findActiveRollout(client, feature);
  const name = typeof strategy === "string" ? strategy : strategy["strategy"];
  const isTheSame = active?.candidate === options.candidate && active.strategy === name;
  if (active?.state === "pending" && isTheSame) {
    return client.call("getRollout", { params: { id: active.id } });
  }
  if (active !== null) {
    throw new CliError(
      `${feature} has a rollout already: ${active.candidate} by ${active.strategy} is ${active.state} (${active.id}). Wait for its end, or end it with \`spillway abort ${feature}\`.`,
      EXIT.failed,
    );
  }
  const { candidate, note } = options;
  return client.call("createRollout", {
    body: { feature, candidate, strategy, note },
  });
}

function leftPending(error: unknown, feature: string, { id }: RolloutDetail): unknown {
  if (!(error instanceof SpillwayError)) return error;
  return withMoreWords(
    error,
    `The rollout ${id} is prepared but not started; nothing is served differently. Run the same command again, or drop it with \`spillway abort ${feature}\`.`,
  );
}
