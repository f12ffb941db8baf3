import { describe, expect, it } from "vitest";
import type { Comparison } from "./criterion.ts";
import { criterion, evidenceOf, gate } from "./testing/builders.ts";
import type { Conversations } from "./testing/conversations.ts";
import { watchConversations } from "./testing/conversations.ts";

const RUNS = 200;
/** 5%, and three standard errors of what 200 runs can tell. */
const MOST = RUNS * 0.05 + 3 * Math.sqrt(RUNS * 0.05 * 0.95);

/** From the burn-in of 200 answers on, each a sixth more: chance is decided early. */
const LOOKS = Array.from({ length: 9 }, (_, look) => Math.round(210 * (7 / 6) ** look));

/** How many rollouts pass at any look. */
function promotions(comparison: Comparison, of: Omit<Conversations, "looks">): number {
  let count = 0;
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const passes = watchConversations({ ...of, looks: LOOKS }, seed).some((seen) => {
      const report = gate({
        criteria: [criterion("quality", comparison)],
        evidence: [evidenceOf("quality", [seen])],
      });
      return report.verdict === "pass";
    });
    if (passes) count += 1;
  }
  return count;
}

describe("promotion of a release whose quality is judged by conversation (seeded)", () => {
  const fall: Comparison = { kind: "relative", hold: 0.05, rollback: 0.1 };
  const limit: Comparison = { kind: "limit", hold: 0.76, rollback: 0.72 };

  it("harmed exactly at the margin, it passes in at most 5% of rollouts", () => {
    const mean = { candidate: 0.72, baseline: 0.8 };
    const harmed = { mean, correlation: 0.4, propensityBps: 1_000 };
    expect(promotions(fall, harmed)).toBeLessThanOrEqual(MOST);
  });

  it("exactly at its limit, which no baseline shows, neither", () => {
    const mean = { candidate: 0.72, baseline: 0.8 };
    expect(promotions(limit, { mean, correlation: 0.4, propensityBps: 5_000 })).toBeLessThanOrEqual(
      MOST,
    );
  });

  it("unharmed, it passes in most", () => {
    const mean = { candidate: 0.8, baseline: 0.8 };
    const unharmed = { mean, correlation: 0.1, propensityBps: 1_000 };
    expect(promotions(fall, unharmed)).toBeGreaterThan(0.8 * RUNS);
  });
});
