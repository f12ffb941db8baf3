import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { RolloutDraft } from "@spillway/contract";
import { parse, YAMLParseError } from "yaml";
import { CliError, EXIT } from "./cli-error.ts";
import { isRecord } from "./manifest/manifest-items.ts";

type Strategy = RolloutDraft["strategy"];

/** What `--strategy` means: a file by its ending, else a name that the server knows. */
export async function loadStrategy(nameOrFile: string, cwd: string): Promise<Strategy> {
  if (!/\.(ya?ml|json)$/.test(nameOrFile)) return nameOrFile;
  let document: unknown;
  try {
    document = parse(await readFile(resolve(cwd, nameOrFile), "utf8"));
  } catch (cause) {
    const line = cause instanceof YAMLParseError ? `:${cause.linePos?.[0].line ?? 1}` : "";
    throw new CliError(`${nameOrFile}${line}: ${(cause as Error).message}`, EXIT.usage, { cause });
  }
  if (!isRecord(document)) {
    throw new CliError(
      `${nameOrFile}:1: wanted one strategy document with strategy: (its name) and stages:.`,
    );
  }
  const { kind: _, ...strategy } = document;
  return strategy as Strategy;
}
