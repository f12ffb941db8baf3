import { SpillwayError } from "@spillway/sdk";
import { CommanderError } from "commander";
import type { ExitCode } from "./cli-error.ts";
import { CliError, EXIT } from "./cli-error.ts";

/** What went wrong, in words for stderr (empty when they are there already), and the exit code. */
export function describeError(
  error: unknown,
  keySource: string | null,
): { text: string; exitCode: ExitCode } {
  if (error instanceof CommanderError) {
    return { text: "", exitCode: error.exitCode === 0 ? EXIT.done : EXIT.usage };
  }
  if (error instanceof CliError) return { text: error.message, exitCode: error.exitCode };
  if (error instanceof SpillwayError) {
    return { text: sentencesOf(error, keySource).join("\n"), exitCode: exitCodeOf(error) };
  }
  return { text: error instanceof Error ? error.message : String(error), exitCode: EXIT.failed };
}

function sentencesOf(error: SpillwayError, keySource: string | null): string[] {
  const lines = [error.message];
  for (const { path, message } of error.problems) lines.push(`  ${path}: ${message}`);
  for (const { code, sentence } of error.unmet) {
    // A detail that names the only one already says all there is.
    if (!error.message.includes(sentence)) lines.push(`  ${code}: ${sentence}`);
  }
  if (error.status === 401) {
    lines.push(
      `The key came from ${keySource ?? "nowhere"}. Pass --key, set SPILLWAY_KEY, or run this where \`spillway up\` keeps its data folder (SPILLWAY_DATA_DIR).`,
    );
  }
  if (error.requestId !== null) lines.push(`request ${error.requestId}`);
  return lines;
}

/** The caller's mistakes are usage; "not yet" is not a failure; all else failed. */
function exitCodeOf(error: SpillwayError): ExitCode {
  if (error.code === "requirements_unmet") return EXIT.undecided;
  return [400, 401, 403, 404, 413, 422].includes(error.status) ? EXIT.usage : EXIT.failed;
}
