import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { RolloutDraft } from "@spillway/contract";
import { parse, YAMLParseError } from "yaml";
import { CliError, EXIT } from "../cli-error.ts";
import { isRecord } from "./manifest-items.ts";

/** The name of a stored strategy as it is, or the document of a file. */
export async function loadStrategy(
  nameOrFile: string,
  cwd: string,
): Promise<RolloutDraft["strategy"]> {
  return isStrategyFile(nameOrFile) ? readStrategyFile(nameOrFile, cwd) : nameOrFile;
}

export function isStrategyFile(nameOrFile: string): boolean {
  return /\.(ya?ml|json)$/.test(nameOrFile);
}

async function readStrategyFile(
  file: string,
  cwd: string,
): Promise<Exclude<RolloutDraft["strategy"], string>> {
  let document: unknown;
  try {
    document = parse(await readFile(resolve(cwd, file), "utf8"));
  } catch (cause) {
    const line = cause instanceof YAMLParseError ? `:${cause.linePos?.[0].line ?? 1}` : "";
    throw new CliError(`${file}${line}: ${(cause as Error).message}`, EXIT.usage, { cause });
  }
  if (!isRecord(document)) {
    throw new CliError(
      `${file}:1: wanted one strategy document with strategy: (its name) and stages:.`,
    );
  }
  const { kind: _, ...strategy } = document;
  return strategy as Exclude<RolloutDraft["strategy"], string>;
}
