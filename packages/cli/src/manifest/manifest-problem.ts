import { CliError } from "../cli-error.ts";

export type ManifestProblem = { readonly file: string; readonly line: number; message: string };

/** All that is wrong at once, each where an editor can jump to it. */
export function manifestError(problems: readonly ManifestProblem[]): CliError {
  const inOrder = problems.toSorted((a, b) =>
    a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1,
  );
  const lines = inOrder.map(({ file, line, message }) => `${file}:${line}: ${message}`);
  const amount = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return new CliError(`${amount} in the files; nothing was applied.\n${lines.join("\n")}`);
}
