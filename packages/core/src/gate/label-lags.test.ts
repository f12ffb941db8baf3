import { describe, expect, it } from "vitest";
import type { StratumEvidence } from "./evidence.ts";
import { labelLag, labelLagsOf } from "./label-lags.ts";
import { METRIC_CATALOGUE } from "./metric-catalogue.ts";
import type { MetricDefinition } from "./metric.ts";
import { EDIT_RATE, evidenceOf, gate, rate, stratum } from "./testing/builders.ts";

type Arm = {
  readonly requests: number;
  /** Edits that are known, and how many of them took longer than usual. */
  readonly edits: number;
  readonly late: number;
};

const PROPENSITY_BPS = 2_500;

function gateOf(candidate: Arm, baseline: Arm, units?: StratumEvidence) {
  const at = (of: Partial<StratumEvidence>) =>
    stratum({ stageIndex: 1, propensityBps: PROPENSITY_BPS, ...of });
  const lags =
    units ??
    at({
      candidate: rate(candidate.late, candidate.edits),
      baseline: rate(baseline.late, baseline.edits),
    });
  return gate({
    criteria: [EDIT_RATE],
    evidence: [
      evidenceOf("edit_rate", [
        at({
          candidate: rate(candidate.edits, candidate.requests),
          baseline: rate(baseline.edits, baseline.requests),
        }),
      ]),
      evidenceOf(labelLagsOf("edit_rate"), [lags]),
    ],
  });
}

const kinds = (report: ReturnType<typeof gate>) => report.warnings.map(({ kind }) => kind);
const BASELINE: Arm = { requests: 30_000, edits: 4_500, late: 1_500 };

describe("labels that become known later on one arm", () => {
  it("hold: what is known so far would let a candidate through that is only edited later", () => {
    // Edited as often as the baseline in the end: of its edits half are late, and a sixth are not known yet.
    const slow: Arm = { requests: 10_000, edits: 1_250, late: 620 };
    const report = gateOf(slow, BASELINE);
    expect(kinds(report)).toContain("label_lag_shift");
    expect(report.verdict).toBe("hold");
    const withoutLags = gate({
      criteria: [EDIT_RATE],
      evidence: [
        evidenceOf("edit_rate", [
          stratum({
            stageIndex: 1,
            propensityBps: PROPENSITY_BPS,
            candidate: rate(slow.edits, slow.requests),
            baseline: rate(BASELINE.edits, BASELINE.requests),
          }),
        ]),
      ],
    });
    expect(withoutLags.verdict).toBe("pass");
  });

  it("are no doubt where both arms are as slow, nor where one has fewer edits", () => {
    expect(kinds(gateOf({ requests: 10_000, edits: 1_500, late: 500 }, BASELINE))).not.toContain(
      "label_lag_shift",
    );
    const better = gateOf({ requests: 10_000, edits: 900, late: 300 }, BASELINE);
    expect(kinds(better)).not.toContain("label_lag_shift");
    expect(better.verdict).toBe("pass");
  });

  it("are none where they are the habit of a few users", () => {
    const cell = (late: number, edits: number, groups: number) => ({
      ...rate(late, edits),
      units: Object.fromEntries(
        Array.from({ length: groups }, (_, group): [string, number][] => [
          [`${group}:100`, late / groups],
          [`${group}:0`, (edits - late) / groups],
        ]).flat(),
      ),
    });
    const few = stratum({
      stageIndex: 1,
      propensityBps: PROPENSITY_BPS,
      candidate: cell(620, 1_250, 2),
      baseline: cell(1_500, 4_500, 6),
    });
    const report = gateOf({ requests: 10_000, edits: 1_250, late: 620 }, BASELINE, few);
    expect(kinds(report)).not.toContain("label_lag_shift");
  });
});

describe("the lag of a label", () => {
  const metric = (name: string) =>
    METRIC_CATALOGUE.find((of) => of.name === name) as MetricDefinition;
  const hour = 3_600_000;

  it("counts for what is harm, and against the metric's usual delay", () => {
    expect(labelLag(metric("edit_rate"), { value: 1, lagMs: 2 * hour })).toBe(1);
    expect(labelLag(metric("edit_rate"), { value: 1, lagMs: 60_000 })).toBe(0);
    expect(labelLag(metric("edit_rate"), { value: 0, lagMs: 2 * hour })).toBeNull();
  });

  it("is none of numbers that come with the answer, or are no events", () => {
    expect(labelLag(metric("error_rate"), { value: 1, lagMs: hour })).toBeNull();
    expect(labelLag(metric("edit_distance"), { value: 1, lagMs: hour })).toBeNull();
  });
});
