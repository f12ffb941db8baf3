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
});

/** A user's pace, from 100 to 1,600, half of which a single latency may be off to either side. */
const paceOf = (share: number): number => 100 * 16 ** share;

/** Latencies of users who have a pace of their own and come often or seldom: at two looks. */
function latenciesOfUsers(users: number, random: () => number, factor = 1): EvidenceCell[] {
  const bins: Record<string, number> = {};
  const units: Record<string, number> = {};
  const seen: EvidenceCell[] = [];
  for (let user = 1; user <= users; user += 1) {
    const bucket = Math.floor(random() * 64);
    const pace = factor * paceOf(random());
    const requests = Math.ceil(40 * random() ** 3);
    for (let request = 0; request < requests; request += 1) {
      const bin = binOfValue(P95, pace * (0.5 + random()))!;
      bins[bin] = (bins[bin] ?? 0) + 1;
      units[`${bucket}:${bin}`] = (units[`${bucket}:${bin}`] ?? 0) + 1;
    }
    if (user === users || user === Math.ceil(users / 2)) {
      seen.push({ bins: { ...bins }, units: { ...units } });
    }
  }
  return seen;
}

/** Where a twentieth of all latencies is above, over all paces. */
function p95OfUsers(): number {
  const shareAbove = (x: number): number => {
    let sum = 0;
    for (let step = 0; step < 1_000; step += 1) {
      sum += Math.min(1, Math.max(0, 1.5 - x / paceOf((step + 0.5) / 1_000)));
    }
    return sum / 1_000;
  };
  let [low, high] = [0, 10_000];
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (shareAbove(middle) > 0.05) low = middle;
    else high = middle;
  }
  return low;
}

describe("the interval of a quantile whose units come more than once", () => {
  const limit: Comparison = { kind: "limit", hold: null, rollback: 3_000 };
  const rise: Comparison = { kind: "relative", hold: 0.1, rollback: 0.2 };
  const RUNS_OF_USERS = 60;
  const asUnits = (cell: EvidenceCell): EvidenceCell => cell;
  const asRequests = ({ bins }: EvidenceCell): EvidenceCell => ({ bins });

  /** How often an interval leaves out the truth at some look, and how often the last look has none. */
  function watch(comparison: Comparison, truth: number, read: typeof asUnits) {
    let [misses, open] = [0, 0];
    for (let seed = 1; seed <= RUNS_OF_USERS; seed += 1) {
      const random = seededRandom(seed);
      const candidate = latenciesOfUsers(400, random, 1.1).map(read);
      const baseline = latenciesOfUsers(400, random).map(read);
      const intervals = [0, 1].map(
        (look) =>
          verdictOf(comparison, { candidate: candidate[look]!, baseline: baseline[look]! })
            .interval,
      );
      const isMissed = (of: Interval | null): boolean =>
        of !== null && (truth < of.low || truth > of.high);
      if (intervals.some(isMissed)) misses += 1;
      if (intervals[1] === null) open += 1;
    }
    return { misses: misses / RUNS_OF_USERS, open: open / RUNS_OF_USERS };
  }

  it.each([
    ["limit", limit, 1.1 * p95OfUsers()],
    ["relative rise", rise, 0.1],
  ] as const)("of a %s covers the truth at every look (seeded)", (_, comparison, truth) => {
    const { misses, open } = watch(comparison, truth, asUnits);
    expect(misses).toBeLessThanOrEqual(0.05);
    expect(open).toBeLessThan(0.1);
  });

  it("is several times too narrow where requests are taken for users (seeded)", () => {
    expect(watch(limit, 1.1 * p95OfUsers(), asRequests).misses).toBeGreaterThan(0.2);
  });

  it("has no ends with fewer than thirty groups of users", () => {
    const random = seededRandom(7);
    const few = ({ bins }: EvidenceCell): EvidenceCell => ({
      bins,
      units: Object.fromEntries(
        Object.entries(bins).map(([bin, count], at) => [`${at % 29}:${bin}`, count]),
      ),
    });
    const [candidate, baseline] = [latencies(5_000, random), latencies(5_000, random)];
    expect(verdictOf(limit, { candidate: few(candidate), baseline: few(baseline) }).interval).toBe(
      null,
    );
  });

  it("is of the answers that users got, also where there were copies before", () => {
    const cell = latenciesOfUsers(400, seededRandom(7))[1]!;
    const live = stratum({ stageIndex: 1, propensityBps: 5_000, candidate: cell, baseline: cell });
    const copies = stratum({ stageIndex: 0, pairs: { joint: { "1000:1000": 5_000 } } });
    const [alone, after] = [[live], [copies, live]].map(
      (strata) =>
        gate({
          criteria: [criterion("latency_p95", limit)],
          metrics: [P95],
          evidence: [evidenceOf("latency_p95", strata)],
        }).verdicts[0]!,
    );
    expect(after!.interval).toEqual(alone!.interval);
    expect(after!.candidateMean).toBe(alone!.candidateMean);
  });
});
