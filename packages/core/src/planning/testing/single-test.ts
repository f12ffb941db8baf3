import type { Comparison } from "../../gate/criterion.ts";
import { compileCriterion } from "../../gate/compiled-criterion.ts";
import { findMetric } from "../../gate/metric-catalogue.ts";
import { TOP_BIN } from "../../gate/bins.ts";
import type { ArmPopulations, Population } from "../../population/population.ts";
import type { ObservationsNeeded } from "../../statistics/power.ts";
import { gridWalks, observationsNeeded } from "../../statistics/power.ts";
import { gridPartsOf } from "../walks.ts";

/**
 * One test of the gate by itself, where the gate may run an average: M1 comes before M3. Its numbers come with
 * the answer, as in the published tables, unless they are late.
 */
export type SingleTest = {
  readonly metric: string;
  readonly isLate?: true;
  readonly comparison: Comparison;
  readonly question: "harm" | "block" | "safety";
  readonly test: "M1" | "M3";
  readonly arms: ArmPopulations;
  readonly alpha: number;
};

const SHARE = 0.1;

/** Answers of which a share has the event. */
export const rates = (candidate: number, baseline: number): ArmPopulations => ({
  candidate: rate(candidate),
  baseline: rate(baseline),
});

const rate = (share: number): Population => [
  { bin: 0, share: 1 - share },
  { bin: TOP_BIN, share },
];

/** The published bound at a share of 10%, from the gate's own code for the test. */
export function boundOf(of: SingleTest): ObservationsNeeded {
  const known = findMetric(of.metric);
  if (known === undefined) throw new Error(`no metric ${of.metric}`);
  const metric = of.isLate === true ? known : { ...known, expectedDelaySeconds: 0 };
  // Before everyone is served: the margin is the rollback level itself.
  const compiled = compileCriterion({ comparison: of.comparison, metric, nextShareBps: 10_000 });
  if (compiled.kind !== "tested") throw new Error(compiled.kind);
  const { scale, parts } = compiled[of.question];
  const part = of.test === "M1" ? parts[0] : parts.at(-1);
  if (part === undefined) throw new Error("no part");
  const seen = { arms: of.arms, design: { kind: "arms", propensity: SHARE } } as const;
  const grid = gridPartsOf({ scale, parts: [{ ...part, weight: 1 }] }, seen);
  return observationsNeeded(
    gridWalks(grid, {
      logThreshold: Math.log(1 / of.alpha),
      stepsPerObservation: 1 / SHARE,
      barrier: "alone",
    }),
  );
}
