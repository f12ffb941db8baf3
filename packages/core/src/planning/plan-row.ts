import { compileCriterion } from "../gate/compiled-criterion.ts";
import type { Criterion, GateConfidence } from "../gate/criterion.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import type { QuantileTest } from "../gate/quantile-move.ts";
import type { ArmPopulations } from "../population/population.ts";
import { NO_HARM, populationsOf } from "../population/population.ts";
import { cleanObservationsNeeded } from "../statistics/one-sample.ts";
import { observationsForChance } from "./first-passage.ts";
import type { Design } from "./walks.ts";
import { walksOf } from "./walks.ts";

/** Candidate answers (or pairs) after which something is known with a chance; null: never. */
export type Needed = {
  readonly p50: number | null;
  readonly p80: number | null;
  readonly p95: number | null;
};

export type RowNeeds = {
  /** To take back a candidate at the rollback level, and at twice of it. */
  readonly detectOnce: Needed;
  readonly detectTwice: Needed;
  /** To clear a candidate that does no harm, at the stage's margin. */
  readonly clear: Needed;
};

export type RowNeedsResult =
  | { readonly kind: "needs"; readonly needs: RowNeeds }
  | { readonly kind: "unsupported"; readonly reason: string };

export type RowQuestion = {
  readonly criterion: Criterion;
  readonly metric: MetricDefinition;
  readonly design: Design;
  readonly confidence: GateConfidence;
  readonly nextShareBps: number;
  /** The row's share of the gate's average over all rows, in (0, 1]. */
  readonly weight: number;
};

/**
 * Observations of the candidate (or pairs) that one criterion needs in one stage, from that stage's
 * evidence alone. Rollback needs two proofs, whose walks move together: the later of the two counts.
 * Against the played gate the figures are within 20%; below 60 observations they can be a third too few.
 */
export function rowNeeds(question: RowQuestion): RowNeedsResult {
  const { metric, nextShareBps } = question;
  const { comparison } = question.criterion;
  const tests = compileCriterion({ comparison, metric, nextShareBps });
  if (tests.kind === "unsupported") return tests;
  if (tests.kind === "zero_tolerance") {
    return { kind: "needs", needs: zeroToleranceNeeds(question, tests.margin) };
  }
  const harmless = armsUnder(question, 0);
  if (harmless === null) {
    return { kind: "unsupported", reason: "what the baseline shows" };
  }
  const { alpha, alphaBlock, alphaPromote } = question.confidence;
  const detect = (times: number): Needed => {
    const arms = armsUnder(question, times) ?? harmless;
    return later(
      needed(tests.harm, question, { arms, level: alpha * question.weight }),
      needed(tests.block, question, { arms, level: alphaBlock * question.weight }),
    );
  };
  return {
    kind: "needs",
    needs: {
      detectOnce: detect(1),
      detectTwice: detect(2),
      clear: needed(tests.safety, question, { arms: harmless, level: alphaPromote }),
    },
  };
}

function armsUnder({ criterion, metric }: RowQuestion, times: number): ArmPopulations | null {
  return populationsOf(metric, criterion, times === 0 ? NO_HARM : { kind: "multiple", times });
}

function needed(
  test: QuantileTest,
  { design }: RowQuestion,
  of: { readonly arms: ArmPopulations; readonly level: number },
): Needed {
  const walks = walksOf(test, { arms: of.arms, design }, Math.log(1 / of.level));
  const perRequest = design.kind === "arms" ? design.propensity : 1;
  const at = (chance: number): number | null => {
    const steps = observationsForChance(walks, chance);
    return steps === null ? null : Math.max(1, Math.ceil(steps * perRequest));
  };
  return { p50: at(0.5), p80: at(0.8), p95: at(0.95) };
}

function later(left: Needed, right: Needed): Needed {
  const most = (a: number | null, b: number | null): number | null =>
    a === null || b === null ? null : Math.max(a, b);
  return {
    p50: most(left.p50, right.p50),
    p80: most(left.p80, right.p80),
    p95: most(left.p95, right.p95),
  };
}

/** The first event is proof; without any, only a number of clean answers is. */
function zeroToleranceNeeds({ criterion, confidence }: RowQuestion, margin: number): RowNeeds {
  const { comparison } = criterion;
  const maximumRate = comparison.kind === "zero_tolerance" ? comparison.maximumRate : margin;
  const firstEvent = (rate: number): Needed => {
    const at = (chance: number): number => Math.ceil(Math.log(1 - chance) / Math.log1p(-rate));
    return { p50: at(0.5), p80: at(0.8), p95: at(0.95) };
  };
  const clean = cleanObservationsNeeded(margin, confidence.alphaPromote);
  return {
    detectOnce: firstEvent(maximumRate),
    detectTwice: firstEvent(Math.min(0.999, 2 * maximumRate)),
    clear: { p50: clean, p80: clean, p95: clean },
  };
}
