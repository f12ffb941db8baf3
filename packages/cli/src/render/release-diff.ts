import type { ComponentChange } from "@spillway/contract";
import type { CallOutput } from "@spillway/sdk";
import type { Paint } from "./paint.ts";
import { count } from "./numbers.ts";
import { indent } from "./table.ts";

type ReleaseDiff = CallOutput<"diffReleases">;

/** A whole prompt on one line is not read by anyone; the API has it in full. */
const MAX_FIELD_CHARACTERS = 400;

export function renderReleaseDiff({ before, after, changes }: ReleaseDiff, paint: Paint): string {
  const title = paint.bold(`${before} → ${after}`);
  if (changes.length === 0) return `${title}\nNothing differs: the releases are the same.`;
  return [title, ...changes.map((change) => renderChange(change, paint))].join("\n");
}

function renderChange({ sentence, fields, change }: ComponentChange, paint: Paint): string {
  const sign = { added: paint.green("+"), removed: paint.red("-"), changed: paint.yellow("~") };
  const lines = fields.flatMap(({ path, before, after }) => [
    paint.dim(path),
    ...(before === null ? [] : [paint.red(prefixed("- ", before))]),
    ...(after === null ? [] : [paint.green(prefixed("+ ", after))]),
  ]);
  return [`${sign[change]} ${sentence}`, ...lines.map((line) => indent(line, "    "))].join("\n");
}

function prefixed(sign: string, value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const short =
    text.length <= MAX_FIELD_CHARACTERS
      ? text
      : `${text.slice(0, MAX_FIELD_CHARACTERS)}… (${count(text.length)} characters, all with --json)`;
  return indent(short, sign);
}
