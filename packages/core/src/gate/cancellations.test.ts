import { describe, expect, it } from "vitest";
import { CANCELLED, LEFT_BY_UNITS } from "./cancellations.ts";
import type { StratumEvidence } from "./evidence.ts";
import {
  evidenceOf,
  exposure,
  gate,
  QUALITY,
  rate,
  seededRandom,
  stratum,
} from "./testing/builders.ts";
import { UNIT_BUCKETS } from "./unit-bucket.ts";
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
      "Hold: Callers left 60 of 2,060 requests of the candidate (2.9%) and 180 of 18,180 requests of the baseline (1%) before the answer was complete. These are not judged, so what is judged of the two arms is not alike, and cannot be trusted to advance: the candidate's answers that nobody waited for are missing, and it may look better than it is.",
    );
    expect(reportOf({ candidate: 0, baseline: 180 }).sentence).toContain(
      "Callers left 0 of 2,000 requests of the candidate (0%) and 180 of 18,180 requests of the baseline (1%)",
    );
    expect(reportOf({ candidate: 0, baseline: 180 }).sentence).toContain(
      "the baseline's answers that nobody waited for are missing, which can make it look better or worse than it is. That the candidate is left less often is no fault of it, and a person may promote it knowing that.",
    );
  });

  it("count for nothing in a shadow stage, whose callers wait for the baseline alone", () => {
    const report = gate({
      exposures: [exposure({ pairs: 1_000, excluded: { [CANCELLED.baseline]: 400 } })],
    });
    expect(report.warnings).toEqual([]);
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

type Leavers = {
  /** Users who leave something, of either arm. */
  readonly users: number;
  readonly share: number;
  /** Of what they would leave, what they do leave on each arm. */
  readonly candidate: number;
  readonly baseline: number;
};

/** Users who leave one answer or many, and keep their arm. */
function leftBy({ users, share, ...kept }: Leavers, seed: number): StratumEvidence {
  const random = seededRandom(seed);
  const arms = { candidate: new Map<string, number>(), baseline: new Map<string, number>() };
  for (let user = 0; user < users; user += 1) {
    const arm = random() < share ? "candidate" : "baseline";
    const bucket = Math.floor(random() * UNIT_BUCKETS);
    // Half of them leave one answer, one in fifty leaves fourteen and more.
    const times = Math.min(100, Math.floor((1 - random()) ** (-1 / 1.5)));
    if (random() >= kept[arm]) continue;
    const units = arms[arm];
    units.set(`${bucket}:100`, (units.get(`${bucket}:100`) ?? 0) + times);
  }
  const [candidate, baseline] = [arms.candidate, arms.baseline].map((units) => ({
    bins: { 100: [...units.values()].reduce((sum, times) => sum + times, 0) },
    units: Object.fromEntries(units),
  }));
  const propensityBps = Math.round(share * 10_000);
  return stratum({ propensityBps, candidate: candidate!, baseline: baseline! });
}

/** Users with one answer each that counts, and many that were left. */
function stickyReport(left: StratumEvidence): GateReport {
  const { propensityBps } = left;
  const answers = (count: number) => ({
    bins: { 80: count * UNIT_BUCKETS },
    units: Object.fromEntries(Array.from({ length: UNIT_BUCKETS }, (_, at) => [`${at}:80`, count])),
  });
  const [candidate, baseline] = [answers(propensityBps / 100), answers(100 - propensityBps / 100)];
  const counted = (of: { bins: Readonly<Record<string, number>> }): number =>
    Object.values(of.bins).reduce((sum, count) => sum + count, 0);
  return gate({
    criteria: [QUALITY],
    evidence: [
      evidenceOf("quality", [stratum({ propensityBps, candidate, baseline })]),
      evidenceOf(LEFT_BY_UNITS, [left]),
    ],
    exposures: [
      exposure({
        propensityBps,
        candidate: counted(candidate),
        baseline: counted(baseline),
        excluded: {
          [CANCELLED.candidate]: counted(left.candidate),
          [CANCELLED.baseline]: counted(left.baseline),
        },
      }),
    ],
  });
}

describe("requests that users leave who come more than once (seeded)", () => {
  const alike = { users: 400, share: 0.1, candidate: 1, baseline: 1 };

  it("are not suspected because some users leave many", () => {
    let alarms = 0;
    for (let seed = 1; seed <= 300; seed += 1) {
      if (stickyReport(leftBy(alike, seed)).warnings.length > 0) alarms += 1;
    }
    expect(alarms).toBeLessThanOrEqual(1);
  });

  it("hold the advance when one arm is left more often, either way", () => {
    const half = { users: 1_600, share: 0.5, candidate: 1, baseline: 1 };
    const found = (of: Leavers): number => {
      let count = 0;
      for (let seed = 1; seed <= 40; seed += 1) {
        const { verdict, warnings } = stickyReport(leftBy(of, seed));
        if (verdict === "hold" && warnings[0]?.kind === "cancellation_imbalance") count += 1;
      }
      return count;
    };
    expect(stickyReport(leftBy(half, 1)).verdict).toBe("pass");
    expect(found({ ...half, baseline: 0.35 })).toBeGreaterThan(30);
    expect(found({ ...half, candidate: 0.35 })).toBeGreaterThan(30);
    // Nobody at all, which fills no group of the candidate.
    expect(found({ ...half, candidate: 0 })).toBe(40);
  });

  it("prove nothing before thirty groups of users left something", () => {
    const few = { users: 20, share: 0.5, candidate: 0, baseline: 1 };
    expect(stickyReport(leftBy(few, 1)).warnings).toEqual([]);
  });
});
