import type { Rule } from "./comparators.ts";
import type { History } from "./history.ts";

/** When a rule fired on one history; infinite when it never did. */
export type Firing = {
  readonly rollbackExposed: number;
  readonly rollbackMinute: number;
  readonly promoteExposed: number;
  readonly promoteMinute: number;
};

/** One rule on all histories of a cell, in the order of the replications. */
export type RuleRun = {
  readonly rule: string;
  readonly firings: readonly Firing[];
  /** What the rule can do at all. */
  readonly canRollback: boolean;
  readonly canPromote: boolean;
};

/** A cell of the benchmark: one kind of traffic, and every rule that watches it. */
export type Cell = {
  readonly id: string;
  readonly group: string;
  /** Histories relative to other cells: more where the anchors have more, less where one is long. */
  readonly effort: number;
  readonly run: (replications: number) => readonly RuleRun[];
};

export const NEVER = Number.POSITIVE_INFINITY;

/** The product's rule. */
export const SPILLWAY = "spillway";
/** Its test of any harm alone, where the anchors are about that. */
export const SPILLWAY_HARM = "spillway_harm";
/** Its rule without restarts, in cells that play it with them. */
export const SPILLWAY_CUMULATIVE = "spillway_cumulative";

/** A firing that is written while a history is played. */
export type OpenFiring = { -readonly [Name in keyof Firing]: Firing[Name] };

export function openFiring(): OpenFiring {
  return {
    rollbackExposed: NEVER,
    rollbackMinute: NEVER,
    promoteExposed: NEVER,
    promoteMinute: NEVER,
  };
}

/** A rule on one history. */
export type Watched = {
  readonly name: string;
  readonly firing: OpenFiring;
  readonly rule: Rule;
};

/** Lets a rule look once; true when it has just fired. */
export function look({ rule, firing }: Watched, history: History): boolean {
  const exposed = history.candidate.count[history.minute] as number;
  let hasFired = false;
  if (firing.rollbackMinute === NEVER && rule.rollback?.(history) === true) {
    firing.rollbackMinute = history.minute;
    firing.rollbackExposed = exposed;
    hasFired = true;
  }
  if (firing.promoteMinute === NEVER && rule.promote?.(history) === true) {
    firing.promoteMinute = history.minute;
    firing.promoteExposed = exposed;
    hasFired = true;
  }
  return hasFired;
}

/** Whether nothing that a rule may still do is left. */
export function hasSettled({ rule, firing }: Watched): boolean {
  const canRollback = rule.rollback !== undefined && firing.rollbackMinute === NEVER;
  const canPromote = rule.promote !== undefined && firing.promoteMinute === NEVER;
  return !canRollback && !canPromote;
}

/** Firings of many histories, gathered by rule. */
export class RunCollector {
  readonly #runs = new Map<string, Omit<RuleRun, "firings"> & { readonly firings: Firing[] }>();

  add({ name, rule, firing }: Watched): void {
    const run = this.#runs.get(name) ?? {
      rule: name,
      firings: [],
      canRollback: rule.rollback !== undefined,
      canPromote: rule.promote !== undefined,
    };
    run.firings.push(firing);
    this.#runs.set(name, run);
  }

  runs(): readonly RuleRun[] {
    return [...this.#runs.values()];
  }
}
