import { describe, expect, it } from "vitest";
import { binOfValue } from "./bins.ts";
import type { Comparison } from "./criterion.ts";
import type { EvidenceCell } from "./evidence.ts";
import { findMetric } from "./metric-catalogue.ts";
import type { MetricDefinition } from "./metric.ts";
import { criterion, evidenceOf, gate, seededRandom, stratum } from "./testing/builders.ts";
import type { Interval, Verdict } from "./verdict.ts";

const P95: MetricDefinition = { ...findMetric("latency_p95")!, expected: { value: 2_000 } };
const REPLICATIONS = 100;

/** Latencies 100·(1 - u)^(-1): the quantile q is 100/(1 - q), so the p95 is 2,000. */
function latencies(count: number, random: () => number, factor = 1): EvidenceCell {
  const bins: Record<string, number> = {};
  for (let index = 0; index < count; index += 1) {
    const bin = binOfValue(P95, (factor * 100) / (1 - random()))!;
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return { bins };
}

function verdictOf(
  comparison: Comparison,
  arms: { readonly candidate: EvidenceCell; readonly baseline: EvidenceCell },
): Verdict {
  const strata = [stratum({ stageIndex: 1, propensityBps: 5_000, ...arms })];
  return gate({
    criteria: [criterion("latency_p95", comparison)],
    metrics: [P95],
    evidence: [evidenceOf("latency_p95", strata)],
  }).verdicts[0]!;
}

describe("the interval of a quantile row", () => {
  const comparisons: readonly (readonly [string, Comparison, number])[] = [
    ["limit", { kind: "limit", hold: null, rollback: 3_000 }, 2_200],
    ["relative rise", { kind: "relative", hold: 0.1, rollback: 0.2 }, 0.1],
    ["difference", { kind: "difference", hold: 100, rollback: 500 }, 200],
    ["ratio", { kind: "ratio", hold: 1.1, rollback: 1.5 }, 1.1],
  ];

  it.each(comparisons)("of a %s covers the truth at every look", (_, comparison, truth) => {
    let misses = 0;
    for (let seed = 1; seed <= REPLICATIONS; seed += 1) {
      const looks = [400, 1_500, 5_000].map((count) => {
        const random = seededRandom(seed);
        const candidate = latencies(count, random, 1.1);
        return verdictOf(comparison, { candidate, baseline: latencies(count, random) }).interval;
      });
      const isMissed = (of: Interval | null): boolean =>
        of !== null && (truth < of.low || truth > of.high);
      expect(looks.at(-1)).not.toBeNull();
      if (looks.some(isMissed)) misses += 1;
    }
    expect(misses / REPLICATIONS).toBeLessThanOrEqual(0.05);
  });

  it("is around the estimate, in its terms, and tells a large move from none", () => {
    const random = seededRandom(7);
    const arms = { candidate: latencies(5_000, random, 2), baseline: latencies(5_000, random) };
    for (const [, comparison] of comparisons) {
      const { estimate, interval } = verdictOf(comparison, arms);
      expect(interval!.low).toBeLessThan(estimate!);
      expect(interval!.high).toBeGreaterThan(estimate!);
    }
    expect(verdictOf(comparisons[1]![1], arms).interval!.low).toBeGreaterThan(0);
  });

  it("is none while the data do not bound it from above", () => {
    const random = seededRandom(7);
    const arms = { candidate: latencies(30, random), baseline: latencies(30, random) };
    expect(verdictOf(comparisons[0]![1], arms).interval).toBeNull();
  });

  it("is none where units come more than once, whose requests have no ranks of their own", () => {
    const random = seededRandom(7);
    const withUnits = ({ bins }: EvidenceCell): EvidenceCell => ({
      bins,
      units: Object.fromEntries(Object.entries(bins).map(([bin, n]) => [`3:${bin}`, n])),
    });
    const arms = { candidate: latencies(5_000, random), baseline: latencies(5_000, random) };
    const sticky = { candidate: withUnits(arms.candidate), baseline: withUnits(arms.baseline) };
    expect(verdictOf(comparisons[0]![1], arms).interval).not.toBeNull();
    expect(verdictOf(comparisons[0]![1], sticky).interval).toBeNull();
  });
});
