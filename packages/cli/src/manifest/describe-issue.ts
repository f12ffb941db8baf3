import { isRecord } from "./manifest-items.ts";

/** What the contract's schema says of a value that does not fit. */
export type SchemaIssue = {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** Of a union: the issues of each of its members. */
  readonly errors?: readonly (readonly SchemaIssue[])[];
};

/** The message with what was found; a union's says what each of its members wanted. */
export function describeIssue(issue: SchemaIssue, root: unknown): string {
  const members = (issue.errors ?? []).flat().map(({ message }) => withoutPrefix(message));
  const wanted = members.length === 0 ? issue.message : [...new Set(members)].join(", or ");
  const found = issue.path.reduce<unknown>(childOf, root);
  if (typeof found === "object" || found === undefined) return withoutPrefix(wanted);
  const isUnquoted = wanted.includes("expected string") && typeof found !== "string";
  const fix = isUnquoted ? `; write it in quotes: "${JSON.stringify(found)}"` : "";
  return `${withoutPrefix(wanted)}, found ${JSON.stringify(found)}${fix}`;
}

function withoutPrefix(message: string): string {
  return message.replace(/^Invalid (input|option): /, "");
}

function childOf(parent: unknown, key: PropertyKey): unknown {
  if (Array.isArray(parent)) return parent[Number(key)] as unknown;
  return isRecord(parent) ? parent[String(key)] : undefined;
}
