import { SpillwayError } from "@spillway/sdk";
import type { Command } from "commander";
import type { ExitCode } from "../cli-error.ts";
import { CliError, EXIT } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import type { Manifests } from "../manifest/load-manifests.ts";
import { loadManifests } from "../manifest/load-manifests.ts";
import { renderApplyResult } from "../render/lists.ts";

export function addApply(program: Command, context: CommandContext): void {
  program
    .command("apply")
    .summary("register features, components, releases and strategies from files")
    .description(
      "Register everything in the YAML files in one transaction. Applying again changes nothing.",
    )
    .requiredOption("-f, --file <path...>", "YAML file, or folder of them; repeatable")
    .action((options: { file: string[] }) => context.finish(apply(context, options.file)));
}

async function apply(context: CommandContext, files: readonly string[]): Promise<ExitCode> {
  const { body, placeOf } = await loadManifests(files, context.io.cwd);
  const client = await context.client();
  const result = await client.call("apply", { body }).catch((error: unknown) => {
    throw withPlaces(error, placeOf);
  });
  context.print(result, (paint) => renderApplyResult(result, paint));
  return EXIT.done;
}

/** The server names paths in the request; people need the line in their file. */
function withPlaces(error: unknown, placeOf: Manifests["placeOf"]): unknown {
  if (!(error instanceof SpillwayError) || error.problems.length === 0) return error;
  const lines = error.problems.map((problem) => {
    const place = placeOf(problem);
    return place === null
      ? `${problem.path}: ${problem.message}`
      : `${place.at}: ${place.path}: ${problem.message}`;
  });
  // A detail that is the only problem once more would say it with a path that the file does not have.
  const isRepeated = error.problems.every(({ message }) => error.message.includes(message));
  const head = isRepeated ? "the server refused it; nothing was applied." : error.message;
  return new CliError([head, ...lines].join("\n"), EXIT.usage, { cause: error });
}
