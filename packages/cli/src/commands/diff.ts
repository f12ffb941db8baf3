import type { Command } from "commander";
import type { ExitCode } from "../cli-error.ts";
import { EXIT } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { renderReleaseDiff } from "../render/release-diff.ts";

export function addDiff(program: Command, context: CommandContext): void {
  program
    .command("diff")
    .description("Show what changes from one release to another, component by component.")
    .argument("<before>", "release, such as discharge-summary@13")
    .argument("<after>", "release, such as discharge-summary@14")
    .action((before: string, after: string) => context.finish(diff(context, before, after)));
}

async function diff(context: CommandContext, before: string, after: string): Promise<ExitCode> {
  const client = await context.client();
  const found = await client.call("diffReleases", {
    params: { id: after },
    query: { from: before },
  });
  context.print(found, (paint) => renderReleaseDiff(found, paint));
  return EXIT.done;
}
