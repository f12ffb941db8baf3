import { describe, expect, it } from "vitest";
import type { EvidenceCell, StratumEvidence } from "./evidence.ts";
import { criterion, evidenceOf, gate, seededRandom, stratum } from "./testing/builders.ts";
import { unitBucket } from "./unit-bucket.ts";

const EDITS = criterion("edit_rate", { kind: "difference", hold: 0.01, rollback: 0.02 });
const REPLICATIONS = 120;

type Users = {
  readonly count: number;
  readonly requestsEach: number;
  /** Points that the candidate adds to every user's rate. */
  readonly harm: number;
};

/**
 * Users with rates of their own (most near 0, some high: an intra-class correlation of about 0.3), a
 * quarter of them on the candidate for good.
 */
function simulate(users: Users, seed: number, counts: "units" | "requests"): StratumEvidence {
  const random = seededRandom(seed);
  const arms = [true, false].map(() => ({
    bins: new Map<string, number>(),
    units: new Map<string, number>(),
  }));
  for (let user = 0; user < users.count; user += 1) {
    const isCandidate = random() < 0.25;
    const own = random() < 0.25 ? 0.5 : 0.03;
    const bucket = unitBucket(`user-${seed}-${user}`);
    const { bins, units } = arms[isCandidate ? 0 : 1]!;
    for (let request = 0; request < users.requestsEach; request += 1) {
      const bin = random() < own + (isCandidate ? users.harm : 0) ? "100" : "0";
      bins.set(bin, (bins.get(bin) ?? 0) + 1);
      units.set(`${bucket}:${bin}`, (units.get(`${bucket}:${bin}`) ?? 0) + 1);
    }
  }
  const [candidate, baseline] = arms.map(({ bins, units }): EvidenceCell => ({
    bins: Object.fromEntries(bins),
    ...(counts === "units" ? { units: Object.fromEntries(units) } : {}),
  }));
  return stratum({
    stageIndex: 1,
    propensityBps: 2_500,
    candidate: candidate!,
    baseline: baseline!,
  });
}

const reportOf = (of: StratumEvidence) =>
  gate({ criteria: [EDITS], evidence: [evidenceOf("edit_rate", [of])] });

function rollbacks(users: Users, counts: "units" | "requests"): number {
  let count = 0;
  for (let seed = 1; seed <= REPLICATIONS; seed += 1) {
    if (reportOf(simulate(users, seed, counts)).verdict === "fail") count += 1;
  }
  return count;
}

describe("units that come more than once", () => {
  const alike = { count: 240, requestsEach: 60, harm: 0 };

  it("differences between users are not taken for harm", () => {
    expect(rollbacks(alike, "units") / REPLICATIONS).toBeLessThanOrEqual(0.05);
    // What counting requests as single draws would do.
    expect(rollbacks(alike, "requests") / REPLICATIONS).toBeGreaterThan(0.1);
  });

  it("real harm is found", () => {
    const harmful = { count: 1_500, requestsEach: 5, harm: 0.15 };
    expect(rollbacks(harmful, "units") / REPLICATIONS).toBeGreaterThan(0.9);
  });

  it("too few units are not decidable, and say so", () => {
    const report = reportOf(simulate({ count: 20, requestsEach: 200, harm: 0.3 }, 1, "units"));
    expect(report.verdict).toBe("inconclusive");
    expect(report.verdicts[0]?.sentence).toContain("not decidable");
  });

  it("a bucket is one of 64 and says nothing about who the unit is", () => {
    const buckets = Array.from({ length: 2_000 }, (_, index) => unitBucket(`user-${index}`));
    expect(new Set(buckets).size).toBe(64);
    expect(buckets.every((bucket) => bucket >= 0 && bucket < 64)).toBe(true);
  });
});
