import type { Feature, RolloutSummary } from "../../control/queries.ts";
import type { Light } from "../../ui/light.ts";
import { isOver, lightOfRollout } from "../../ui/rollout-state.ts";

export type BoardRow = {
  readonly feature: string;
  readonly title: string;
  readonly tier: number;
  readonly isKilled: boolean;
  /** What it serves when nothing is under way. */
  readonly baseline: string | null;
  /** The latest rollout, whether under way or over. */
  readonly rollout: RolloutSummary | null;
  /** How many there have been, this one too. */
  readonly rolloutCount: number;
};

export type Board = {
  /** A rollout is under way or waits for a person; what is worst comes first. */
  readonly open: readonly BoardRow[];
  readonly others: readonly BoardRow[];
};

export function boardOf(
  features: readonly Feature[],
  rollouts: readonly RolloutSummary[],
  filter: string,
): Board {
  const latest = latestByFeature(rollouts);
  const counts = Map.groupBy(rollouts, ({ feature }) => feature);
  const wanted = filter.trim().toLowerCase();
  const rows = features
    .map((feature) => ({
      ...rowOf(feature, latest.get(feature.key) ?? null),
      rolloutCount: counts.get(feature.key)?.length ?? 0,
    }))
    .filter((row) => wanted === "" || textOf(row).includes(wanted));
  const isOpen = (row: BoardRow) => row.rollout !== null && !isOver(row.rollout);
  return {
    open: rows.filter(isOpen).toSorted(byHarm),
    others: rows.filter((row) => !isOpen(row)).toSorted(byEnd),
  };
}

/** Since when it is where it is. */
export function sinceOf(rollout: RolloutSummary): number {
  if (isOver(rollout)) return rollout.updatedAtMs;
  return rollout.enteredAtMs ?? rollout.createdAtMs;
}

/**
 * The order that is on screen stays while it is read: what is known keeps its place, what is new comes
 * last. `isChanged` says that sorting anew would move something.
 */
export function keepOrder(
  shown: readonly string[],
  wanted: readonly string[],
): { readonly order: readonly string[]; readonly isChanged: boolean } {
  const present = new Set(wanted);
  const known = new Set(shown);
  const order = [
    ...shown.filter((key) => present.has(key)),
    ...wanted.filter((key) => !known.has(key)),
  ];
  return { order, isChanged: order.some((key, index) => key !== wanted[index]) };
}

function latestByFeature(rollouts: readonly RolloutSummary[]): Map<string, RolloutSummary> {
  const latest = new Map<string, RolloutSummary>();
  for (const rollout of rollouts) {
    const known = latest.get(rollout.feature);
    if (known === undefined || rank(rollout) > rank(known)) latest.set(rollout.feature, rollout);
  }
  return latest;
}

/** One under way outranks any that is over, then the newer. */
const rank = (rollout: RolloutSummary): number =>
  rollout.createdAtMs + (isOver(rollout) ? 0 : Number.MAX_SAFE_INTEGER / 2);

function rowOf(feature: Feature, rollout: RolloutSummary | null): Omit<BoardRow, "rolloutCount"> {
  return {
    feature: feature.key,
    title: feature.title,
    tier: feature.tier,
    isKilled: feature.isKilled,
    baseline: feature.baseline,
    rollout,
  };
}

const textOf = ({ feature, title, rollout }: BoardRow): string =>
  [feature, title, rollout?.candidate, rollout?.state, rollout?.strategy, rollout?.gate]
    .join(" ")
    .toLowerCase();

const HARM: Record<Light, number> = {
  fail: 0,
  hold: 1,
  error: 2,
  inconclusive: 3,
  pass: 4,
  none: 5,
};

function byHarm(a: BoardRow, b: BoardRow): number {
  return (
    harmOf(a) - harmOf(b) ||
    a.tier - b.tier ||
    (a.rollout?.enteredAtMs ?? 0) - (b.rollout?.enteredAtMs ?? 0) ||
    a.feature.localeCompare(b.feature)
  );
}

const harmOf = (row: BoardRow): number =>
  row.rollout === null ? 9 : HARM[lightOfRollout(row.rollout).light];

/** Rolled back first, then what ended last, then what never had a rollout. */
function byEnd(a: BoardRow, b: BoardRow): number {
  const rolledBack = (row: BoardRow) => (row.rollout?.state === "rolled_back" ? 0 : 1);
  return (
    rolledBack(a) - rolledBack(b) ||
    (b.rollout?.updatedAtMs ?? 0) - (a.rollout?.updatedAtMs ?? 0) ||
    a.feature.localeCompare(b.feature)
  );
}
