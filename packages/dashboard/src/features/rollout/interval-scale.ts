/** Positions on an interval bar, 0 at its left end and 1 at its right; harm grows to the right. */
export type Scale = {
  readonly zero: number | null;
  readonly hold: number | null;
  readonly rollback: number;
  /** What the stage must be proven to stay below before it is left. */
  readonly margin: number;
  readonly estimate: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** The interval goes on beyond the end of the bar. */
  readonly isCutLeft: boolean;
  readonly isCutRight: boolean;
};

type Measured = {
  readonly estimate: number | null;
  readonly interval: { readonly low: number; readonly high: number } | null;
  readonly levels: {
    readonly hold: number | null;
    readonly rollback: number;
    readonly margin: number;
  };
};

/** How many times the distance from no harm to the rollback line is shown at most, to either side. */
const MOST_SPANS = 2.5;

/** One scale per criterion, so that its slices can be compared by eye. */
export function scaleOf(input: {
  readonly peers: readonly Measured[];
  readonly verdict: Measured;
  readonly zero: number | null;
}): Scale {
  const { verdict, peers } = input;
  const origin = input.zero ?? 0;
  const { hold, rollback, margin } = verdict.levels;
  const span = Math.abs(rollback - origin) || 1;
  const seen = peers.flatMap((peer) => [
    peer.levels.margin,
    ...(peer.estimate === null ? [] : [peer.estimate]),
    ...(peer.interval === null ? [] : [peer.interval.low, peer.interval.high]),
  ]);
  const lowest = input.zero === null ? origin : origin - MOST_SPANS * span;
  const left = Math.max(lowest, Math.min(origin - (input.zero === null ? 0 : span * 0.5), ...seen));
  const right = Math.min(rollback + MOST_SPANS * span, Math.max(rollback + span * 0.35, ...seen));
  const at = (amount: number): number => Math.min(1, Math.max(0, (amount - left) / (right - left)));
  const { interval, estimate } = verdict;
  return {
    zero: input.zero === null ? null : at(input.zero),
    hold: hold === null ? null : at(hold),
    rollback: at(rollback),
    margin: at(margin),
    estimate: estimate === null ? null : at(estimate),
    low: interval === null ? null : at(interval.low),
    high: interval === null ? null : at(interval.high),
    isCutLeft: interval !== null && interval.low < left,
    isCutRight: interval !== null && interval.high > right,
  };
}
