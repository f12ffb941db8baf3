import type { ConfigurationProblem } from "@spillway/core";
import { AppError } from "@spillway/core";
import type { RouteContract } from "@spillway/contract";
import { pathText } from "../../http/path-text.ts";
import { isNestedTooDeep, JSON_DEPTH_MAX } from "./json-depth.ts";

/** What zod says of one problem; its union type is wider than what is needed here. */
type Issue = {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly errors?: readonly (readonly Issue[])[];
};

type Part = "params" | "query" | "body";

type Schema = {
  readonly safeParse: (
    found: unknown,
  ) =>
    | { readonly success: true; readonly data: unknown }
    | { readonly success: false; readonly error: { readonly issues: readonly unknown[] } };
};

export type ParsedRequest = {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
};

const PROBLEMS_MAX = 100;

const TOO_DEEP = `Nested deeper than ${JSON_DEPTH_MAX} levels.`;

/** All three parts by the route's schemas. Throws `invalid_request` with every problem at its path. */
export function parseRequest(route: RouteContract, found: ParsedRequest): ParsedRequest {
  const problems: ConfigurationProblem[] = [];
  const parse = (part: Part, schema: Schema | undefined): unknown => {
    if (schema === undefined) return undefined;
    // An action without a body is one with all defaults: `curl -X POST` is enough to roll back.
    const given = part === "body" ? (found.body ?? {}) : found[part];
    if (isNestedTooDeep(given)) throw invalidRequest([{ path: "", message: TOO_DEEP }]);
    if (!isExempt(route, part)) problems.push(...unstorable(prefixOf(part), given));
    const outcome = schema.safeParse(given);
    if (outcome.success) return outcome.data;
    problems.push(
      ...outcome.error.issues.flatMap((each) => wordsOf(prefixOf(part), each as Issue)),
    );
    return undefined;
  };
  const parsed = {
    params: parse("params", route.params),
    query: parse("query", route.query),
    body: parse("body", route.body),
  };
  if (problems.length === 0) return parsed;
  throw invalidRequest(problems);
}

export function invalidRequest(problems: readonly ConfigurationProblem[]): AppError {
  const [first] = problems;
  const more = problems.length > 1 ? ` And ${problems.length - 1} more.` : "";
  const where = first?.path === "" ? "" : `${first?.path}: `;
  return new AppError("invalid_request", `${where}${first?.message ?? ""}${more}`, {
    details: { problems: problems.slice(0, PROBLEMS_MAX) },
  });
}

/** A body's paths stand alone, as its sender wrote them; the others say where they come from. */
const prefixOf = (part: Part): readonly PropertyKey[] => (part === "body" ? [] : [part]);

/** Exchanges are repaired one by one instead: see exchanges/parse-exchange.ts. */
const isExempt = (route: RouteContract, part: Part): boolean =>
  part === "body" && route.path === "/internal/v1/exchanges";

/** Of a union's branches the one that fits best says what is wrong. */
function wordsOf(prefix: readonly PropertyKey[], issue: Issue): ConfigurationProblem[] {
  const path = [...prefix, ...issue.path];
  const branches = issue.code === "invalid_union" ? (issue.errors ?? []) : [];
  const closest = branches.toSorted((a, b) => depthOf(b) - depthOf(a) || a.length - b.length)[0];
  if (closest !== undefined && depthOf(closest) > 0) {
    return closest.flatMap((each) => wordsOf(path, each));
  }
  const tried = branches.flatMap((branch) => branch[0]?.message ?? []);
  const message = tried.length === 0 ? issue.message : `${issue.message}: ${tried.join("; or ")}`;
  return [{ path: pathText(path), message }];
}

const depthOf = (branch: readonly Issue[]): number =>
  Math.max(0, ...branch.map((issue) => issue.path.length));

/** Texts that PostgreSQL cannot hold, and a member name that would reach into prototypes. */
function unstorable(prefix: readonly PropertyKey[], root: unknown): ConfigurationProblem[] {
  const problems: ConfigurationProblem[] = [];
  const open: { readonly path: readonly PropertyKey[]; readonly found: unknown }[] = [
    { path: prefix, found: root },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path, found } = next;
    if (typeof found === "string" && !isStorable(found)) {
      const message = "Found a NUL character or half a surrogate pair, which cannot be stored.";
      problems.push({ path: pathText(path), message });
    }
    if (typeof found !== "object" || found === null) continue;
    for (const [key, member] of Object.entries(found)) {
      const at = [...path, Array.isArray(found) ? Number(key) : key];
      if (key === "__proto__" || !isStorable(key)) {
        problems.push({ path: pathText(at), message: "This name is not allowed." });
      }
      open.push({ path: at, found: member });
    }
  }
  return problems;
}

const isStorable = (text: string): boolean => !text.includes("\0") && text.isWellFormed();
