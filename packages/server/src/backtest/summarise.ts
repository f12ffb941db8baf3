import { mostByChance } from "./chance-bound.ts";
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

export type SameVersionCheck = {
  readonly plays: number;
  readonly rolledBack: number;
  /** More would not be chance; see {@link CHECK_LEVEL}. */
  readonly allowed: number;
  /** The chance that more are, if each play is rolled back with a chance of alpha. */
  readonly level: number;
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
  /** Rollbacks of versions beside themselves; null where none was played. */
  readonly sameVersion: SameVersionCheck | null;
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
  const same = pairs.filter(({ group }) => group === "same version");
  return {
    strategy: results[0]?.strategy ?? "",
    seeds: [...new Set(results.map(({ seed }) => seed))],
    alpha,
    confusion,
    pairs,
    sameVersion: same.length === 0 ? null : checkTogether(same, alpha),
    violations: [...pairs.flatMap(wronglyCompleted), ...wronglyRolledBack(same, alpha)],
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
 * How often the checks of versions beside themselves fail although each play is rolled back with a chance of
 * alpha: half of it is for all plays together, and half is shared by the pairs. Plays are independent, as each
 * seed splits the recording anew. A single play can never fail; that of many pairs together can.
 */
const CHECK_LEVEL = 0.01;

function checkTogether(same: readonly PairSummary[], alpha: number): SameVersionCheck {
  return checkOf(addCounts(same), { alpha, level: CHECK_LEVEL / 2 });
}

function checkOf(
  counts: OutcomeCounts,
  { alpha, level }: { readonly alpha: number; readonly level: number },
): SameVersionCheck {
  const plays = playsOf(counts);
  const allowed = mostByChance(plays, { chance: alpha, level });
  return { plays, rolledBack: counts.rolledBack, allowed, level };
}

function wronglyRolledBack(same: readonly PairSummary[], alpha: number): string[] {
  if (same.length === 0) return [];
  const level = CHECK_LEVEL / 2 / same.length;
  const checks = [
    ...same.map((of) => ({ name: of.pair, ...checkOf(of, { alpha, level }) })),
    { name: "All versions beside themselves", ...checkTogether(same, alpha) },
  ];
  return checks
    .filter(({ rolledBack, allowed }) => rolledBack > allowed)
    .map(
      ({ name, rolledBack, plays, allowed }) =>
        `${name}: ${rolledBack} of ${plays} plays were rolled back; by chance it would be at most ${allowed}.`,
    );
}
