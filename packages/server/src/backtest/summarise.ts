import type { BacktestResult } from "./play-pair.ts";

/** What is known of a pair before it is played, apart from the play. */
export type PairGroup =
  | "regressed beyond the rollback level"
  | "regressed within the levels"
  | "regressed in a slice only"
  | "no significant change"
  | "improved"
  | "no published verdict"
  | "same version";

const GROUPS: readonly PairGroup[] = [
  "regressed beyond the rollback level",
  "regressed within the levels",
  "regressed in a slice only",
  "no significant change",
  "improved",
  "no published verdict",
  "same version",
];

/** How many plays ended in which way. */
export type OutcomeCounts = {
  readonly completed: number;
  readonly rolledBack: number;
  /** The recording is too small to settle the question, see plan-pair.ts. */
  readonly heldUndecidable: number;
  /** It is large enough, and on the way something looked worse than the baseline. */
  readonly heldSuspected: number;
  /** It is large enough, and the strategy gave its stages too little of it. */
  readonly heldUnproven: number;
};

export type PairSummary = OutcomeCounts & {
  readonly pair: string;
  readonly group: PairGroup;
  readonly plan: BacktestResult["plan"];
  /** Metric, slice and number of plays of each cause of an end other than completion. */
  readonly causes: readonly string[];
};

export type BacktestSummary = {
  readonly strategy: string;
  readonly seeds: readonly number[];
  readonly alpha: number;
  readonly confusion: readonly (OutcomeCounts & {
    readonly group: PairGroup;
    readonly pairs: number;
  })[];
  readonly pairs: readonly PairSummary[];
  /** Broken rules, in sentences; empty when the plays are as they must be. */
  readonly violations: readonly string[];
};

/** Plays, seeds together, against what was published; and which of the rules of docs/recordings.md are broken. */
export function summarise(results: readonly BacktestResult[]): BacktestSummary {
  const byPair = [...Map.groupBy(results, ({ pair }) => pair).values()];
  const pairs = byPair.flatMap((plays) => (plays[0] === undefined ? [] : [pairSummary(plays)]));
  const alpha = Math.max(0, ...results.map((result) => result.alpha));
  const confusion = GROUPS.flatMap((group) => {
    const own = pairs.filter((pair) => pair.group === group);
    if (own.length === 0) return [];
    return [{ group, pairs: own.length, ...addCounts(own) }];
  });
  return {
    strategy: results[0]?.strategy ?? "",
    seeds: [...new Set(results.map(({ seed }) => seed))],
    alpha,
    confusion,
    pairs,
    violations: [...pairs.flatMap(wronglyCompleted), ...wronglyRolledBack(pairs, alpha)],
  };
}

function pairSummary(plays: readonly BacktestResult[]): PairSummary {
  const [first] = plays as readonly [BacktestResult];
  const causes = Map.groupBy(
    plays.filter(({ outcome }) => outcome !== "completed"),
    causeOf,
  );
  return {
    pair: first.pair,
    group: groupOf(first),
    // The halves of a version beside itself differ from seed to seed, and so would their plans.
    plan: first.isSameVersion ? null : first.plan,
    causes: [...causes]
      .toSorted(([, left], [, right]) => right.length - left.length)
      .map(([cause, own]) => (plays.length === 1 ? cause : `${cause} ${own.length}x`)),
    ...countsOf(plays),
  };
}

function causeOf({ stage, metric, slice }: BacktestResult): string {
  if (metric === null) return `${stage}: not proven safe`;
  return slice === null || slice === "*"
    ? `${stage}: ${metric}`
    : `${stage}: ${metric} of ${slice}`;
}

function groupOf({ isSameVersion, published, plan }: BacktestResult): PairGroup {
  if (isSameVersion) return "same version";
  switch (published?.verdict) {
    case undefined:
      return "no published verdict";
    case "regressed":
      return plan?.question === "harm"
        ? "regressed beyond the rollback level"
        : "regressed within the levels";
    default:
      if (published !== null && published.sliceRegressions.length > 0) {
        return "regressed in a slice only";
      }
      return published?.verdict === "improved" ? "improved" : "no significant change";
  }
}

function countsOf(plays: readonly BacktestResult[]): OutcomeCounts {
  const held = plays.filter(({ outcome }) => outcome === "held");
  const decidable = held.filter(({ isUndecidable }) => !isUndecidable);
  const suspected = decidable.filter(({ metric }) => metric !== null).length;
  return {
    completed: plays.filter(({ outcome }) => outcome === "completed").length,
    rolledBack: plays.filter(({ outcome }) => outcome === "rolled_back").length,
    heldUndecidable: held.length - decidable.length,
    heldSuspected: suspected,
    heldUnproven: decidable.length - suspected,
  };
}

function addCounts(counts: readonly OutcomeCounts[]): OutcomeCounts {
  const sum = (key: keyof OutcomeCounts): number => counts.reduce((all, of) => all + of[key], 0);
  return {
    completed: sum("completed"),
    rolledBack: sum("rolledBack"),
    heldUndecidable: sum("heldUndecidable"),
    heldSuspected: sum("heldSuspected"),
    heldUnproven: sum("heldUnproven"),
  };
}

const playsOf = (of: OutcomeCounts): number =>
  of.completed + of.rolledBack + of.heldUndecidable + of.heldSuspected + of.heldUnproven;

/** A regression beyond the rollback level, on enough pairs to prove it, must not complete. */
function wronglyCompleted({ pair, plan, completed, ...counts }: PairSummary): string[] {
  if (plan?.question !== "harm" || !plan.suffices || completed === 0) return [];
  const where = plan.slice === "*" ? "" : ` of ${plan.slice}`;
  const fall = `${Number((plan.size * 100).toFixed(1))}`;
  return [
    `${pair}: quality${where} fell by ${fall} in a hundred on ${plan.observations} pairs, of which ${plan.needed} prove it, and ${completed} of ${playsOf({ completed, ...counts })} plays completed.`,
  ];
}

/**
 * A version beside itself may be taken back in a share alpha of the plays, and in one play in any case: that
 * one proves nothing against a bound on a chance.
 */
function wronglyRolledBack(pairs: readonly PairSummary[], alpha: number): string[] {
  const same = pairs.filter(({ group }) => group === "same version");
  const all = { pair: "All versions beside themselves", ...addCounts(same) };
  return [...same, all].flatMap((of) => {
    const plays = playsOf(of);
    const allowed = Math.max(1, Math.floor(alpha * plays));
    if (of.rolledBack <= allowed) return [];
    return [
      `${of.pair}: ${of.rolledBack} of ${plays} plays were rolled back, at most ${allowed} may be.`,
    ];
  });
}
