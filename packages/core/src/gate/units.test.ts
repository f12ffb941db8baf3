import { describe, expect, it } from "vitest";
import type { StratumEvidence } from "./evidence.ts";
import { criterion, evidenceOf, gate } from "./testing/builders.ts";
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

  it("a bucket is one of 64 and says nothing about who the unit is", () => {
    const buckets = Array.from({ length: 2_000 }, (_, index) => unitBucket(`user-${index}`));
    expect(new Set(buckets).size).toBe(64);
    expect(buckets.every((bucket) => bucket >= 0 && bucket < 64)).toBe(true);
  });
});
