import { describe, expect, it } from "vitest";
import { criterion, evidenceOf, gate, rate, stratum } from "./testing/builders.ts";

const REFUSALS = criterion("refusal_rate", { kind: "difference", hold: 0.01, rollback: 0.02 });
/** A day of pairs that are alike: three in a hundred refused by both, one by each alone. */
const shadow = stratum({
  stageIndex: 0,
  pairs: { joint: { "0:0": 19_000, "100:100": 600, "0:100": 200, "100:0": 200 } },
});

function live(refusedByCandidate: number) {
  return stratum({
    stageIndex: 1,
    propensityBps: 1_000,
    candidate: rate(refusedByCandidate, 1_000),
    baseline: rate(360, 9_000),
  });
}

const judged = (refusedByCandidate: number, liveFromStage: number | null) =>
  gate({
    criteria: [REFUSALS],
    liveFromStage,
    evidence: [evidenceOf("refusal_rate", [shadow, live(refusedByCandidate)])],
  });

describe("harm that begins with the first live answer", () => {
  it("is found, however long a shadow without any has lasted", () => {
    expect(judged(90, 1).verdict).toBe("fail");
    // All evidence in one product: the shadow has to be outweighed first.
    expect(judged(90, null).verdict).not.toBe("fail");
  });

  it("is none where the live answers are alike", () => {
    expect(judged(40, 1).verdict).toBe("pass");
    expect(judged(40, 1).logHarm).toBeLessThan(0);
  });

  it("costs what was there from the start a factor of two in the shadow, and not more", () => {
    const harmed = stratum({
      stageIndex: 0,
      pairs: { joint: { "0:0": 1_900, "100:100": 60, "0:100": 100, "100:0": 20 } },
    });
    const inShadow = (liveFromStage: number | null) =>
      gate({
        criteria: [REFUSALS],
        liveFromStage,
        evidence: [evidenceOf("refusal_rate", [harmed])],
      }).logHarm;
    expect(inShadow(1)).toBeGreaterThan(inShadow(null) - Math.log(2));
    expect(inShadow(1)).toBeLessThan(inShadow(null));
  });
});
