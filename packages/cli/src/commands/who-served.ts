import type { Command } from "commander";
import type { ExitCode } from "../cli-error.ts";
import { CliError, EXIT } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { parsePointInTime } from "../point-in-time.ts";
import { renderWhoServed } from "../render/who-served.ts";

type WhoServedOptions = { readonly at: string; readonly tenant?: string };

export function addWhoServed(program: Command, context: CommandContext): void {
  program
    .command("who-served")
    .description("Say which release answered at a time, and for which tenant.")
    .argument("<feature>", "key of the feature")
    .requiredOption("--at <time>", 'ISO time, epoch milliseconds, "14:03" or "2h ago"')
    .option("--tenant <tenant>", "for this tenant only")
    .action((feature: string, options: WhoServedOptions) =>
      context.finish(whoServed(context, feature, options)),
    );
}

async function whoServed(
  context: CommandContext,
  feature: string,
  { at, tenant }: WhoServedOptions,
): Promise<ExitCode> {
  // Read before the server is asked, so that a wrong time is said without one.
  if (parsePointInTime(at, context.io.nowMs()) === null) throw notATime(at);
  const client = await context.client();
  // The exchanges carry the server's time, which is not ours in a demo that runs faster.
  const { clock } = await client.call("health");
  const atMs = parsePointInTime(at, clock.nowMs);
  if (atMs === null) throw notATime(at);
  const answer = await client.call("whoServed", {
    params: { feature },
    query: { at: atMs, ...(tenant === undefined ? {} : { tenant }) },
  });
  context.print(answer, (paint) => renderWhoServed(answer, paint));
  return EXIT.done;
}

function notATime(found: string): CliError {
  return new CliError(
    `"${found}" is not a time. Wanted 2026-11-12T14:03:00Z, epoch milliseconds, 14:03 (today or yesterday here) or 2h ago.`,
  );
}
