import type { FeatureStatus } from "@spillway/contract";
import type { ControlClient } from "@spillway/sdk";
import { SpillwayError } from "@spillway/sdk";
import type { Command } from "commander";
import { watchChanges } from "../change-wait.ts";
import type { ExitCode } from "../cli-error.ts";
import { CliError, EXIT } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { formatDuration } from "../duration.ts";
import { renderStatus } from "../render/status.ts";
import { durationMs } from "./option-values.ts";

const POLL_MS = 1_000;

type StatusOptions = { readonly wait?: boolean; readonly timeout: number };

export function addStatus(program: Command, context: CommandContext): void {
  program
    .command("status")
    .summary("whether a feature is healthy, as a sentence and an exit code")
    .description(
      "Say whether a feature is healthy (0), degraded (1) or undecided (3), and what is missing.",
    )
    .argument("<feature>", "key of the feature")
    .option("--wait", "wait until it is healthy or degraded")
    .option("--timeout <duration>", "the longest wait, such as 90s or 10m", durationMs, 600_000)
    .action((feature: string, options: StatusOptions) =>
      context.finish(status(context, feature, options)),
    );
}

async function status(
  context: CommandContext,
  feature: string,
  options: StatusOptions,
): Promise<ExitCode> {
  const client = await context.client();
  const found =
    options.wait === true
      ? await waitForStatus(context, { client, feature, timeoutMs: options.timeout })
      : await loadStatus(client, feature);
  if (found instanceof SpillwayError) {
    throw new CliError(`${found.message}\nThe state of ${feature} is not known.`, EXIT.undecided, {
      cause: found,
    });
  }
  context.print(found, (paint) => renderStatus(found, paint));
  return exitCodeOf(found);
}

/** An answer, or why there is none; a server that restarts meanwhile is no reason to give up. */
async function waitForStatus(
  context: CommandContext,
  { client, feature, timeoutMs }: { client: ControlClient; feature: string; timeoutMs: number },
): Promise<FeatureStatus | SpillwayError> {
  const { io } = context;
  const deadlineMs = io.nowMs() + timeoutMs;
  const changes = watchChanges(client, io, feature);
  let said = "";
  try {
    for (;;) {
      const found = await loadStatus(client, feature);
      if (!(found instanceof SpillwayError) && exitCodeOf(found) !== EXIT.undecided) return found;
      const sentence = found instanceof SpillwayError ? found.message : found.sentence;
      if (sentence !== said) context.say(sentence);
      said = sentence;
      const leftMs = deadlineMs - io.nowMs();
      if (leftMs <= 0) {
        context.say(`Not decided after ${formatDuration(timeoutMs)}.`);
        return found;
      }
      await changes.wait(Math.min(POLL_MS, leftMs));
    }
  } finally {
    changes.close();
  }
}

/** No answer is "not known", which must not look like a rolled back feature. */
async function loadStatus(
  client: ControlClient,
  feature: string,
): Promise<FeatureStatus | SpillwayError> {
  try {
    return await client.call("featureStatus", { params: { feature } });
  } catch (error) {
    if (!(error instanceof SpillwayError)) throw error;
    const isUnknown = error.status === 0 || error.status >= 500 || error.status === 429;
    if (isUnknown || error.code === "unexpected_response") return error;
    throw error;
  }
}

/** A feature that serves nothing is not healthy, whatever else is said about it. */
function exitCodeOf({ health, baseline }: FeatureStatus): ExitCode {
  switch (health) {
    case "healthy":
      return baseline === null ? EXIT.undecided : EXIT.done;
    case "degraded":
      return EXIT.failed;
    case "undecided":
      return EXIT.undecided;
    default:
      return health satisfies never;
  }
}
