import { access } from "node:fs/promises";
import { resolve } from "node:path";
import type { RolloutDraft } from "@spillway/contract";
import { SpillwayError } from "@spillway/sdk";
import { CliError, EXIT } from "../cli-error.ts";
import type { ServerProblem } from "./load-manifests.ts";
import { isRecord } from "./manifest-items.ts";
import { pathText, writtenStagePath } from "./written-stage.ts";
import type { YamlDocument } from "./yaml-documents.ts";
import { readYamlDocuments } from "./yaml-documents.ts";

type StrategyDocument = Exclude<RolloutDraft["strategy"], string>;

export type LoadedStrategy<Strategy = RolloutDraft["strategy"]> = {
  readonly strategy: Strategy;
  /** What is wrong with the strategy, with the line of the file where each of it is written. */
  readonly withLines: (error: unknown) => unknown;
};

/** The name of a stored strategy as it is, or the document of a file. */
export async function loadStrategy(nameOrFile: string, cwd: string): Promise<LoadedStrategy> {
  if (isStrategyFile(nameOrFile)) return loadStrategyFile(nameOrFile, cwd);
  return { strategy: nameOrFile, withLines: (error) => error };
}

export function isStrategyFile(nameOrFile: string): boolean {
  return /\.(ya?ml|json)$/.test(nameOrFile);
}

export async function loadStrategyFile(
  file: string,
  cwd: string,
): Promise<LoadedStrategy<StrategyDocument>> {
  const path = resolve(cwd, file);
  await access(path).catch((cause: unknown) => {
    throw new CliError(`${file}: ${(cause as Error).message}`, EXIT.usage, { cause });
  });
  const { documents, problems } = await readYamlDocuments(path, cwd);
  if (problems.length > 0) {
    const lines = problems.map((problem) => `${file}:${problem.line}: ${problem.message}`);
    throw new CliError(lines.join("\n"));
  }
  const [document, second] = documents;
  if (document === undefined || second !== undefined || !isRecord(document.content)) {
    throw new CliError(
      `${file}:1: wanted one strategy document with strategy: (its name) and stages:.`,
    );
  }
  const { kind: _, ...strategy } = document.content;
  return {
    strategy: strategy as StrategyDocument,
    withLines: (error) => withLines(error, { ...document, file }),
  };
}

function withLines(error: unknown, document: YamlDocument): unknown {
  const problems = problemsOf(error);
  if (!(error instanceof Error) || problems.length === 0) return error;
  const lines = problems.map((problem) => lineText(document, problem));
  // A message that strings the problems together would say them again without their lines.
  const isRepeated = problems.every(({ message }) => error.message.includes(message));
  const head = isRepeated ? "The strategy cannot be used." : error.message;
  return new CliError([head, ...lines].join("\n"), EXIT.usage, { cause: error });
}

/** `careful.yaml:10: stages[1].share[2]: ...`, whatever number the rules count the stage by. */
function lineText({ file, content, lineOf }: YamlDocument, problem: ServerProblem): string {
  const parts = problem.path.split(/[./[\]]+/).filter((part) => part !== "");
  const named = parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  const written = writtenStagePath(content, named, problem.message);
  const path = written === named ? problem.path : pathText(written);
  return [`${file}:${lineOf(written)}`, ...(path === "" ? [] : [path]), problem.message].join(": ");
}

/** Of the API's answer, or of the server's own code when it runs in this process. */
function problemsOf(error: unknown): readonly ServerProblem[] {
  if (!(error instanceof Error) || !("code" in error)) return [];
  if (error.code !== "invalid_configuration") return [];
  if (error instanceof SpillwayError) return error.problems;
  const details = "details" in error && isRecord(error.details) ? error.details : {};
  const { problems } = details;
  return Array.isArray(problems) ? (problems as readonly ServerProblem[]) : [];
}
