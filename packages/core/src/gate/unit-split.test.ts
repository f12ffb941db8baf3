import { describe, expect, it } from "vitest";
import type { StratumEvidence } from "./evidence.ts";
import { criterion, evidenceOf, gate, stratum } from "./testing/builders.ts";
import { simulateUsers } from "./testing/sticky-users.ts";
import type { GateReport } from "./verdict.ts";

const EDITS = criterion("edit_rate", { kind: "difference", hold: 0.01, rollback: 0.02 });
const ERRORS = criterion("error_rate", { kind: "difference", hold: 0.01, rollback: 0.02 });
const REPLICATIONS = 100;

function isAlarmed({ warnings }: GateReport): boolean {
  return warnings.some(({ kind }) => kind === "sample_ratio_mismatch");
}

/** All requests have an error rate, and those of `labels` an edit as well. */
const reportOf = (requests: StratumEvidence, labels = requests): GateReport =>
  gate({
    criteria: [EDITS, ERRORS],
    evidence: [evidenceOf("edit_rate", [labels]), evidenceOf("error_rate", [requests])],
  });

describe("the split of units that come more than once", () => {
  it("is tested between groups of units: one that is off holds, and names the stage", () => {
    const users = { count: 3_000, requestsEach: 10, harm: 0, share: 0.32 };
    const report = reportOf(simulateUsers(users, 1, "units"));
    expect(isAlarmed(report)).toBe(true);
    expect(report.verdict).toBe("hold");
    expect(report.warnings[0]?.sentence).toMatch(
      /^Stage 2 counted .* requests of sticky units: 3\d.*% instead of the planned 25%\./,
    );
  });

  it("is not mistaken for broken because some users come often", () => {
    let alarms = 0;
    for (let seed = 1; seed <= REPLICATIONS; seed += 1) {
      // As single draws, 240 users of 60 requests are off by five standard errors in half of all cases.
      const users = { count: 240, requestsEach: 60, harm: 0 };
      if (isAlarmed(reportOf(simulateUsers(users, seed, "units")))) alarms += 1;
    }
    expect(alarms).toBe(0);
  });

  it("no advance on labels that come for one arm more seldom, or so far only", () => {
    const users = { count: 3_000, requestsEach: 20, harm: 0 };
    const requests = simulateUsers(users, 1, "units");
    const late = simulateUsers({ ...users, labelled: 0.5 }, 1, "units");
    const verdictOf = (labels: StratumEvidence) =>
      reportOf(requests, labels).verdicts.find(({ criterionId }) => criterionId === "edit_rate")!;
    expect(verdictOf(requests).sentence).not.toContain("not split");
    expect(verdictOf(late).verdict).toBe("hold");
    expect(verdictOf(late).sentence).toContain(
      "its observations are not split between the arms as planned, so it cannot pass",
    );
    // The requests themselves are split as planned: the row is held, not the experiment.
    expect(isAlarmed(reportOf(requests, late))).toBe(false);
  });

  it("a label that takes longer on one arm holds while it does, on sticky users and single requests", () => {
    // A user asks once an hour; so far a label has come if it took less than the request's age.
    const after = (hours: number, lag: number, counts: "units" | "requests"): StratumEvidence => {
      const cell = (users: number, meanLag: number) => {
        const bins: Record<string, number> = {};
        const units: Record<string, number> = {};
        for (let user = 0; user < users; user += 1) {
          for (let age = 1; age <= hours; age += 1) {
            // Spread evenly over the quantiles of an exponential lag.
            if (((user * 7 + age * 13) % 97) / 97 >= 1 - Math.exp(-age / meanLag)) continue;
            bins["0"] = (bins["0"] ?? 0) + 1;
            const key = `${user % 64}:0`;
            units[key] = (units[key] ?? 0) + 1;
          }
        }
        return counts === "units" ? { bins, units } : { bins };
      };
      const arms = { candidate: cell(256, lag), baseline: cell(768, 1) };
      return stratum({ stageIndex: 1, propensityBps: 2_500, ...arms });
    };
    for (const counts of ["units", "requests"] as const) {
      const held = (labels: StratumEvidence): boolean =>
        reportOf(labels).verdicts.some(({ sentence }) => sentence.includes("not split between"));
      expect(held(after(24, 1, counts))).toBe(false);
      expect(held(after(24, 8, counts))).toBe(true);
      expect(reportOf(after(24, 8, counts)).verdict).toBe("hold");
    }
  });
});
