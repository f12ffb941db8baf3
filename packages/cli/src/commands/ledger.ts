import type { Command } from "commander";
import type { ExitCode } from "../cli-error.ts";
import { EXIT } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { renderLedger } from "../render/lists.ts";
import { wholeNumber } from "./option-values.ts";

export function addLedger(program: Command, context: CommandContext): void {
  const ledger = program.command("ledger").description("Read or verify the audit record.");
  ledger
    .command("verify")
    .description(
      "Check the hash chain from its beginning, and the decisions that it seals. Exit code 1 when broken.",
    )
    .option(
      "--head <seq:hash>",
      "a head that an earlier verify printed; the ledger must contain it",
    )
    .action((options: { head?: string }) => context.finish(verify(context, options.head)));
  ledger
    .command("list")
    .description("List entries, newest first.")
    .option("--limit <n>", "how many, at most 500", wholeNumber, 50)
    .action((options: { limit: number }) => context.finish(list(context, options.limit)));
}

async function verify(context: CommandContext, head: string | undefined): Promise<ExitCode> {
  const client = await context.client();
  const result = await client.call("verifyLedger", { query: head === undefined ? {} : { head } });
  context.print(result, (paint) =>
    result.isIntact
      ? `${paint.green("✔ intact")}  ${result.sentence}${headLine(result)}`
      : `${paint.red("✖ broken")}  ${result.sentence}`,
  );
  return result.isIntact ? EXIT.done : EXIT.failed;
}

/** Seqs have no gaps, so the number of entries is the seq of the last. Can be given back as --head. */
const headLine = ({ entries, head }: { entries: number; head: string }): string =>
  entries === 0 ? "" : `\nhead ${entries}:${head}`;

async function list(context: CommandContext, limit: number): Promise<ExitCode> {
  const client = await context.client();
  const page = await client.call("listLedger", { query: { limit } });
  context.print(page, () => renderLedger(page.items));
  return EXIT.done;
}
