import type { ConfigurationProblem } from "./configuration-problem.ts";

export const ROLES = ["viewer", "reviewer", "operator", "admin"] as const;

/** Ordered: each may do what the ones before it may. */
export type Role = (typeof ROLES)[number];

export function hasRole(found: Role, least: Role): boolean {
  return ROLES.indexOf(found) >= ROLES.indexOf(least);
}

/** `control` keys have a role; `gateway` keys call the features they list ("*" is all) and no more. */
export type ApiKeyDraft = {
  readonly name: string;
  readonly scope: "control" | "gateway";
  readonly role: Role | null;
  readonly features: readonly string[];
  readonly expiresAtMs: number | null;
};

export function keyProblems(draft: ApiKeyDraft, nowMs: number): ConfigurationProblem[] {
  const problems: ConfigurationProblem[] = [];
  if (draft.scope === "control" && draft.role === null) {
    problems.push({ path: "role", message: `A control key needs a role: ${ROLES.join(", ")}.` });
  }
  if (draft.scope === "control" && draft.features.length > 0) {
    const message = "A control key is not bound to features. Wanted none.";
    problems.push({ path: "features", message });
  }
  if (draft.scope === "gateway" && draft.role !== null) {
    const message = `A gateway key has no role; found "${draft.role}". Wanted null.`;
    problems.push({ path: "role", message });
  }
  if (draft.scope === "gateway" && draft.features.length === 0) {
    const message =
      'A gateway key that lists no feature opens nothing. Wanted keys, or "*" for all.';
    problems.push({ path: "features", message });
  }
  if (draft.expiresAtMs !== null && draft.expiresAtMs <= nowMs) {
    const message = `Found ${draft.expiresAtMs}, which is past. Wanted a time after ${nowMs}.`;
    problems.push({ path: "expiresAtMs", message });
  }
  return problems;
}
