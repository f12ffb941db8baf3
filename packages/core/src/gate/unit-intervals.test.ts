import { describe, expect, it } from "vitest";
import type { Comparison } from "./criterion.ts";
import type { StratumEvidence } from "./evidence.ts";
import { criterion, evidenceOf, gate } from "./testing/builders.ts";
import { simulateUsers } from "./testing/sticky-users.ts";
import type { Interval } from "./verdict.ts";

const REPLICATIONS = 120;
/** Mean of the users' own rates: a quarter at 0.5, the others at 0.03. */
const USUAL_RATE = 0.25 * 0.5 + 0.75 * 0.03;

const intervalOf = (of: StratumEvidence, comparison: Comparison): Interval | null =>
  gate({
    criteria: [criterion("edit_rate", comparison)],
    evidence: [evidenceOf("edit_rate", [of])],
  }).verdicts[0]!.interval;

/** How often the interval of equal releases leaves out the truth. */
function misses(comparison: Comparison, truth: number, counts: "units" | "requests"): number {
  let count = 0;
  for (let seed = 1; seed <= REPLICATIONS; seed += 1) {
    const users = { count: 240, requestsEach: 60, harm: 0 };
    const interval = intervalOf(simulateUsers(users, seed, counts), comparison);
    if (interval === null || truth < interval.low || truth > interval.high) count += 1;
  }
  return count / REPLICATIONS;
}

describe("the interval of a row whose units come more than once", () => {
  const comparisons: readonly (readonly [string, Comparison, number])[] = [
    ["difference", { kind: "difference", hold: 0.01, rollback: 0.02 }, 0],
    ["ratio", { kind: "ratio", hold: 1.2, rollback: 1.5 }, 1],
    ["limit", { kind: "limit", hold: 0.2, rollback: 0.3 }, USUAL_RATE],
  ];

  it.each(comparisons)("of a %s covers the truth", (_, comparison, truth) => {
    expect(misses(comparison, truth, "units")).toBeLessThanOrEqual(0.05);
    // What counting requests as single draws would do.
    expect(misses(comparison, truth, "requests")).toBeGreaterThan(0.2);
  });

  it("has no ends while there are too few units to judge their spread", () => {
    const few = simulateUsers({ count: 40, requestsEach: 200, harm: 0 }, 1, "units");
    expect(intervalOf(few, comparisons[0]![1])).toBeNull();
  });

  it("plans what is missing by units, not by requests", () => {
    const needed = (counts: "units" | "requests"): number =>
      gate({
        criteria: [criterion("edit_rate", { kind: "difference", hold: 0.01, rollback: 0.02 })],
        evidence: [
          evidenceOf("edit_rate", [
            simulateUsers({ count: 240, requestsEach: 10, harm: 0 }, 3, counts),
          ]),
        ],
      }).verdicts[0]!.moreObservations!;
    expect(needed("units")).toBeGreaterThan(2 * needed("requests"));
  });
});
