import { describe, expect, it } from "vitest";
import type { StratumEvidence } from "./evidence.ts";
import { criterion, evidenceOf, gate, stratum } from "./testing/builders.ts";
import type { Users } from "./testing/sticky-users.ts";
import { simulateUsers as simulate } from "./testing/sticky-users.ts";
import { unitBucket } from "./unit-bucket.ts";

const EDITS = criterion("edit_rate", { kind: "difference", hold: 0.01, rollback: 0.02 });
const REPLICATIONS = 120;

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

  it("clean answers to few people rule out no rate, and to many they do", () => {
    const harmless = criterion("harmful_content", { kind: "zero_tolerance", maximumRate: 0.005 });
    const clean = (users: number, answersEach: number) => {
      const units: Record<string, number> = {};
      for (let user = 0; user < users; user += 1) {
        const key = `${unitBucket(`user-${user}`)}:0`;
        units[key] = (units[key] ?? 0) + answersEach;
      }
      const candidate = { bins: { "0": users * answersEach }, units };
      const seen = stratum({ propensityBps: 5_000, candidate, baseline: candidate });
      const evidence = [evidenceOf("harmful_content", [seen])];
      return gate({ criteria: [harmless], evidence }).verdicts[0];
    };
    // 598 clean draws rule out 0.5% at 20 : 1.
    expect(clean(2, 350)?.verdict).toBe("inconclusive");
    expect(clean(300, 20)?.verdict).toBe("inconclusive");
    expect(clean(300, 20)?.moreObservations).toBeGreaterThan(3_000);
    expect(clean(1_200, 5)?.verdict).toBe("pass");
    expect(clean(300, 20)?.sentence).toContain("which count by the units that return");
  });

  it("a bucket is one of 64 and says nothing about who the unit is", () => {
    const buckets = Array.from({ length: 2_000 }, (_, index) => unitBucket(`user-${index}`));
    expect(new Set(buckets).size).toBe(64);
    expect(buckets.every((bucket) => bucket >= 0 && bucket < 64)).toBe(true);
  });
});
