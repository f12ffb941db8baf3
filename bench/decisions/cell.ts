/** When a rule fired on one history; infinite when it never did. */
export type Firing = {
  readonly rollbackExposed: number;
  readonly rollbackMinute: number;
  readonly promoteExposed: number;
  readonly promoteMinute: number;
};

/** One rule on all histories of a cell, in the order of the replications. */
export type RuleRun = { readonly rule: string; readonly firings: readonly Firing[] };

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
