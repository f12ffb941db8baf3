import type { Command } from "commander";
import { Option } from "commander";
import type { ExitCode } from "../cli-error.ts";
import { EXIT } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { renderFeedback } from "../render/feedback.ts";
import { wholeNumber } from "./option-values.ts";

const STATES = ["waiting", "counted", "unmatched", "failed"] as const;

type Options = {
  readonly state?: (typeof STATES)[number];
  readonly exchange?: string;
  readonly limit: number;
};

export function addFeedback(program: Command, context: CommandContext): void {
  program
    .command("feedback")
    .summary("what became of answers, and what was counted of it")
    .description(
      "List the feedback that applications sent to the gateway, newest first, and what was counted of it.",
    )
    .addOption(new Option("--state <state>", "only in this state").choices(STATES))
    .option("--exchange <id>", "only on this exchange")
    .option("--limit <n>", "at most so many", wholeNumber, 50)
    .action((options: Options) => context.finish(feedback(context, options)));
}

async function feedback(
  context: CommandContext,
  { state, exchange, limit }: Options,
): Promise<ExitCode> {
  const client = await context.client();
  const page = await client.call("listFeedback", {
    query: {
      limit,
      ...(state === undefined ? {} : { state }),
      ...(exchange === undefined ? {} : { exchange }),
    },
  });
  context.print(page, () => renderFeedback(page.items));
  return EXIT.done;
}
