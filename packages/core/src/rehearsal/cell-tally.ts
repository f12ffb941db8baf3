import type { EvidenceCell, StratumEvidence } from "../gate/evidence.ts";
import type { PairShare } from "../population/pairing.ts";
import { COMMON_SHARE, sameRank } from "../population/pairing.ts";
import type { ArmPopulations } from "../population/population.ts";
import type { Random } from "./random.ts";
import { drawBinomial, drawMultinomial } from "./random.ts";

/** Counts per bin that grow by draws. `toBins` gives them as a cell of evidence. */
export type Tally = Map<string, number>;

export function addTo(tally: Tally, bin: number | string, count: number): void {
  const key = String(bin);
  tally.set(key, (tally.get(key) ?? 0) + count);
}

/** Keys are bins, or "bucket:bin" where units return; the cell then has both, as the stored one. */
function toCell(tally: Tally, areUnits: boolean): EvidenceCell {
  if (!areUnits) return { bins: Object.fromEntries(tally) };
  const bins: Record<string, number> = {};
  for (const [key, count] of tally) {
    const bin = key.slice(key.indexOf(":") + 1);
    bins[bin] = (bins[bin] ?? 0) + count;
  }
  return { bins, units: Object.fromEntries(tally) };
}

/** One metric's evidence on one slice in one stage. */
export type StratumTally = {
  readonly baseline: Tally;
  readonly candidate: Tally;
  readonly pairs: Tally;
};

const SIDES = ["baseline", "candidate", "pairs"] as const;

export function addStratum(into: StratumTally, fresh: StratumTally): void {
  for (const side of SIDES) {
    for (const [bin, count] of fresh[side]) addTo(into[side], bin, count);
  }
}

export function isEmpty(tally: StratumTally): boolean {
  return SIDES.every((side) => tally[side].size === 0);
}

/**
 * Lets each pending label become known with a chance. Waiting times are exponential, so every pending
 * label has the same chance to come in the next step, however old it is, and a count is enough to
 * remember them by.
 */
export function matureStratum(
  random: Random,
  chance: number,
  of: { readonly pending: StratumTally; readonly known: StratumTally },
): void {
  for (const side of SIDES) {
    const from = of.pending[side];
    for (const [bin, count] of from) {
      const came = drawBinomial(random, count, chance);
      if (came === 0) continue;
      addTo(of.known[side], bin, came);
      if (came === count) from.delete(bin);
      else from.set(bin, count - came);
    }
  }
}

/** The evidence of one stage, as the store gives it. */
export function stratumEvidence(
  { baseline, candidate, pairs }: StratumTally,
  of: Pick<StratumEvidence, "stageIndex" | "propensityBps"> & { readonly areUnits: boolean },
): StratumEvidence {
  return {
    stageIndex: of.stageIndex,
    propensityBps: of.propensityBps,
    baseline: toCell(baseline, of.areUnits),
    candidate: toCell(candidate, of.areUnits),
    pairs: { joint: Object.fromEntries(pairs) },
  };
}

export function emptyTally(): StratumTally {
  return { baseline: new Map(), candidate: new Map(), pairs: new Map() };
}

/** Both arms of a metric, prepared for drawing. */
export type DrawPlan = {
  readonly arms: ArmPopulations;
  readonly baselineShares: readonly number[];
  readonly candidateShares: readonly number[];
  readonly sameRank: readonly PairShare[];
  readonly sameRankShares: readonly number[];
};

export function drawPlan(arms: ArmPopulations): DrawPlan {
  const ranks = sameRank(arms);
  return {
    arms,
    baselineShares: arms.baseline.map(({ share }) => share),
    candidateShares: arms.candidate.map(({ share }) => share),
    sameRank: ranks,
    sameRankShares: ranks.map(({ share }) => share),
  };
}

/** Adds `count` answers of one arm to a tally. */
export function drawAnswers(
  random: Random,
  of: { readonly plan: DrawPlan; readonly arm: "baseline" | "candidate"; readonly count: number },
  tally: Tally,
): void {
  const { plan, arm, count } = of;
  const shares = arm === "candidate" ? plan.candidateShares : plan.baselineShares;
  const population = plan.arms[arm];
  drawMultinomial(random, { count, shares }, (cell, drawn) => {
    addTo(tally, (population[cell] as { readonly bin: number }).bin, drawn);
  });
}

/** Draws `count` pairs and tells of each joint bin how many fell into it. */
export function drawPairs(
  random: Random,
  of: { readonly plan: DrawPlan; readonly count: number },
  add: (baselineBin: number, candidateBin: number, count: number) => void,
): void {
  const { plan, count } = of;
  const common = drawBinomial(random, count, COMMON_SHARE);
  drawMultinomial(random, { count: common, shares: plan.sameRankShares }, (cell, drawn) => {
    const { baselineBin, candidateBin } = plan.sameRank[cell] as PairShare;
    add(baselineBin, candidateBin, drawn);
  });
  const rest = { count: count - common, shares: plan.baselineShares };
  drawMultinomial(random, rest, (b, ofBaseline) => {
    const { bin: baselineBin } = plan.arms.baseline[b] as { readonly bin: number };
    drawMultinomial(random, { count: ofBaseline, shares: plan.candidateShares }, (c, drawn) => {
      add(baselineBin, (plan.arms.candidate[c] as { readonly bin: number }).bin, drawn);
    });
  });
}
