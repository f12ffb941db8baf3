import { SpillwayError } from "@spillway/sdk";
import { CommanderError } from "commander";
import type { ExitCode } from "./cli-error.ts";
import { CliError, EXIT } from "./cli-error.ts";

/** What a program gets with `--json` in the place of a result: the API's problem, or ours like it. */
export type ErrorObject = {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  /** Of the API's answer; null where there was none. */
  readonly status: number | null;
  readonly unmet?: SpillwayError["unmet"];
  readonly problems?: SpillwayError["problems"];
};

export type DescribedError = {
  /** Words for stderr; empty when they are there already. */
  readonly text: string;
  readonly exitCode: ExitCode;
  /** Null where nothing went wrong, as with `--help`. */
  readonly error: ErrorObject | null;
};

/** What went wrong, for people and for programs, and the exit code. */
export function describeError(error: unknown, keySource: string | null): DescribedError {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return { text: "", exitCode: EXIT.done, error: null };
    const detail = error.message.replace(/^error: /, "");
    return { text: "", exitCode: EXIT.usage, error: ownError(detail, EXIT.usage) };
  }
  if (error instanceof SpillwayError) {
    const text = sentencesOf(error, keySource).join("\n");
    return { text, exitCode: exitCodeOf(error), error: problemOf(error) };
  }
  const text = error instanceof Error ? error.message : String(error);
  if (!(error instanceof CliError)) {
    return { text, exitCode: EXIT.failed, error: ownError(text, EXIT.failed) };
  }
  const { exitCode, cause } = error;
  // Words that were put around the API's answer do not hide it from a program.
  const found = cause instanceof SpillwayError ? problemOf(cause) : ownError(text, exitCode);
  return { text, exitCode, error: { ...found, detail: text } };
}

function problemOf({ code, title, detail, status, unmet, problems }: SpillwayError): ErrorObject {
  return {
    code,
    title,
    detail,
    status: status === 0 ? null : status,
    ...(unmet.length === 0 ? {} : { unmet }),
    ...(problems.length === 0 ? {} : { problems }),
  };
}

/** What this command found wrong by itself. */
function ownError(detail: string, exitCode: ExitCode): ErrorObject {
  const [code, title] =
    exitCode === EXIT.usage
      ? ["usage", "Wrong usage"]
      : exitCode === EXIT.undecided
        ? ["undecided", "Undecided, or timed out"]
        : ["failed", "Failed"];
  return { code, title, detail, status: null };
}

function sentencesOf(error: SpillwayError, keySource: string | null): string[] {
  const lines = [headline(error)];
  for (const { path, message } of error.problems) lines.push(`  ${path}: ${message}`);
  for (const { code, sentence } of error.unmet) lines.push(`  ${code}: ${sentence}`);
  if (error.status === 401) {
    lines.push(
      `The key came from ${keySource ?? "nowhere"}. Pass --key, set SPILLWAY_KEY, or run this where \`spillway up\` keeps its data folder (SPILLWAY_DATA_DIR).`,
    );
  }
  if (error.requestId !== null) lines.push(`request ${error.requestId}`);
  return lines;
}

/** A detail that strings the requirements together gives way to the list of them below it. */
function headline({ message, unmet }: SpillwayError): string {
  const isList = unmet.length > 0 && unmet.every(({ sentence }) => message.includes(sentence));
  if (!isList) return message;
  return unmet.length === 1 ? "1 requirement is unmet." : `${unmet.length} requirements are unmet.`;
}

/** The caller's mistakes are usage; "not yet" is not a failure; all else failed. */
function exitCodeOf(error: SpillwayError): ExitCode {
  if (error.code === "requirements_unmet") return EXIT.undecided;
  return [400, 401, 403, 404, 413, 422].includes(error.status) ? EXIT.usage : EXIT.failed;
}
