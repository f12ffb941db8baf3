import { describe, expect, it } from "vitest";
import { CANCELLED } from "./cancellations.ts";
import {
  evidenceOf,
  exposure,
  gate,
  QUALITY,
  rate,
  seededRandom,
  stratum,
} from "./testing/builders.ts";
import type { GateReport } from "./verdict.ts";

/** A tenth of the traffic on a candidate that is good enough to advance. */
function reportOf(left: { readonly candidate: number; readonly baseline: number }): GateReport {
  const bins = (count: number) => ({ bins: { 80: count } });
  const at = { stageIndex: 0, propensityBps: 1_000 };
  return gate({
    criteria: [QUALITY],
    evidence: [
      evidenceOf("quality", [stratum({ ...at, candidate: bins(2_000), baseline: bins(18_000) })]),
    ],
    exposures: [
      exposure({
        ...at,
        candidate: 2_000,
        baseline: 18_000,
        excluded: { [CANCELLED.candidate]: left.candidate, [CANCELLED.baseline]: left.baseline },
      }),
    ],
  });
}

describe("requests that their callers leave", () => {
  it("keep the candidate from advancing when one arm is left more often, either way", () => {
    expect(reportOf({ candidate: 20, baseline: 180 }).verdict).toBe("pass");
    for (const candidate of [60, 0]) {
      const report = reportOf({ candidate, baseline: 180 });
      expect(report.verdict).toBe("hold");
      expect(report.warnings.map(({ kind }) => kind)).toEqual(["cancellation_imbalance"]);
    }
    expect(reportOf({ candidate: 60, baseline: 180 }).sentence).toBe(
      "Hold: Callers left 60 of 2,060 requests of the candidate (2.9%) and 180 of 18,180 requests of the baseline (1%) before the answer was complete. These are not judged, so what is judged of the two arms is not alike, and cannot be trusted to advance.",
    );
  });

  it("are not suspected while both arms are left alike, however often one looks", () => {
    let alarms = 0;
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = seededRandom(seed);
      const left = { candidate: 0, baseline: 0 };
      for (let event = 1; event <= 400; event += 1) {
        left[random() < 0.1 ? "candidate" : "baseline"] += 1;
        if (event % 40 === 0 && reportOf(left).warnings.length > 0) {
          alarms += 1;
          break;
        }
      }
    }
    expect(alarms).toBe(0);
  });

  it("never hide a harm that is proven", () => {
    const harmful = stratum({
      propensityBps: 1_000,
      baseline: rate(8_500, 9_000),
      candidate: rate(500, 1_000),
    });
    const report = gate({
      evidence: [evidenceOf("quality", [harmful])],
      exposures: [
        exposure({
          propensityBps: 1_000,
          candidate: 1_000,
          baseline: 9_000,
          excluded: { [CANCELLED.candidate]: 100, [CANCELLED.baseline]: 100 },
        }),
      ],
    });
    expect(report.verdict).toBe("fail");
  });
});
