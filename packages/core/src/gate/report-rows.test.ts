import { describe, expect, it } from "vitest";
import { gateReport, rollout, stage, strategy } from "../../test/rollout-builders.ts";
import { decide } from "../rollout/decide.ts";
import { gateInputOf } from "../rollout/gate-input.ts";
import { assessGate } from "./assess-gate.ts";
import { baselineProblems } from "./baseline-problems.ts";
import { logBinOfValue } from "./bins.ts";
import type { RolloutEvidence } from "./evidence.ts";
import { findMetric, METRIC_CATALOGUE } from "./metric-catalogue.ts";
import type { MetricDefinition } from "./metric.ts";
import {
  criterion,
  EDIT_RATE,
  evidenceOf,
  exposure,
  gate,
  QUALITY,
  rate,
  stratum,
} from "./testing/builders.ts";

const HOUR_MS = 3_600_000;
const START_MS = 1_000 * HOUR_MS;

describe("a limit that the baseline breaks itself", () => {
  const limit = criterion("error_rate", { kind: "limit", hold: 0.03, rollback: 0.05 });
  const of = (baseline: number, candidate: number) =>
    gate({
      criteria: [limit],
      evidence: [
        evidenceOf("error_rate", [
          stratum({
            stageIndex: 1,
            propensityBps: 5_000,
            baseline: rate(baseline, 1_000),
            candidate: rate(candidate, 1_000),
          }),
        ]),
      ],
    });

  it("is an error of the evidence, which holds and never rolls back", () => {
    const report = of(120, 300);
    expect(report.verdict).toBe("hold");
    expect(report.verdicts[0]?.evidence).toBe("error");
    expect(report.verdicts[0]?.sentence).toBe(
      "error_rate cannot be judged: the baseline itself is at 12% on 1,000 observations, beyond the limit of 5% that the candidate is held to.",
    );
    expect(of(10, 300).verdict).toBe("fail");
  });

  it("is refused at the start where the baseline is known, and not on a guess", () => {
    const known: MetricDefinition = { ...findMetric("error_rate")!, expected: { value: 0.07 } };
    expect(baselineProblems([limit], [known])).toEqual([
      {
        path: "gate.error_rate.limit",
        message:
          'The baseline is at 7% and does not keep the limit of 5% itself. Wanted a limit above what the baseline shows, or a change against it ("rollback").',
      },
    ]);
    expect(baselineProblems([limit], [{ ...known, expected: { value: 0.02 } }])).toEqual([]);
    const guess = { ...known, expected: { value: 0.07, isGuess: true } };
    expect(baselineProblems([limit], [guess])).toEqual([]);
  });
});

it("a row says how old its newest observation is and how long what is missing takes", () => {
  const evidence: RolloutEvidence = {
    metrics: [
      evidenceOf("quality", [
        stratum({
          stageIndex: 1,
          propensityBps: 5_000,
          baseline: { bins: { 80: 20 }, newestAtMs: START_MS + HOUR_MS },
          candidate: { bins: { 80: 20 }, newestAtMs: START_MS },
        }),
      ]),
    ],
    exposures: [
      exposure({
        stageIndex: 1,
        propensityBps: 5_000,
        baseline: 20,
        candidate: 20,
        firstObservedAtMs: START_MS,
        lastObservedAtMs: START_MS + 2 * HOUR_MS,
      }),
    ],
  };
  const live = rollout({
    strategy: strategy([stage("shadow"), stage("canary"), stage("verify")]),
    state: { kind: "progressing", stageIndex: 1, enteredAtMs: START_MS },
  });
  const input = gateInputOf(live, evidence, METRIC_CATALOGUE)!;
  expect(input.stage.observationsPerHour).toBe(10);
  const row = assessGate(input).verdicts[0]!;
  expect(row.newestAtMs).toBe(START_MS + HOUR_MS);
  expect(row.hoursNeeded).toBe(row.moreObservations! / 10);
  expect(row.sentence).toMatch(
    /about \d+ more candidate observations needed \(about \d+ h at this/,
  );
});

it("no advance before half of the requests have had the time that a label takes", () => {
  const live = rollout({
    strategy: strategy([stage("canary"), stage("verify")]),
    state: { kind: "progressing", stageIndex: 0, enteredAtMs: START_MS },
  });
  const at = (hours: number) => {
    const delay = {
      metric: "edit_rate",
      delaySeconds: 3_600,
      medianRequestAtMs: START_MS + HOUR_MS,
    };
    return decide({
      rollout: live,
      event: { kind: "tick" },
      gate: { ...gateReport("pass"), delays: [delay] },
      stageObservations: 1_000,
      nowMs: START_MS + hours * HOUR_MS,
    });
  };
  expect(at(1.5).kind).toBe("wait");
  expect(at(2)).toMatchObject({ kind: "decided", decision: "advance" });
});

it("labels are not waited for in a stage that asks for no proof of them", () => {
  const edits = criterion("edit_rate", { kind: "difference", hold: 0.01, rollback: 0.02 });
  const quality = criterion("quality", { kind: "relative", hold: 0.05, rollback: 0.1 });
  // Nobody labels a shadow copy: no request is ever old enough.
  const delay = { metric: "edit_rate", delaySeconds: 1_800, medianRequestAtMs: null };
  const inShadow = (prove: readonly string[]) =>
    decide({
      rollout: rollout({
        strategy: {
          ...strategy([stage("shadow", { prove }), stage("verify")]),
          criteria: [quality, edits],
        },
        state: { kind: "progressing", stageIndex: 0, enteredAtMs: START_MS },
      }),
      event: { kind: "tick" },
      gate: { ...gateReport("pass"), delays: [delay] },
      stageObservations: 1_000,
      nowMs: START_MS + 24 * HOUR_MS,
    });
  expect(inShadow(["quality"])).toMatchObject({ kind: "decided", decision: "advance" });
  expect(inShadow(["quality", "edit_rate"]).kind).toBe("wait");
});

it("a few enormous values are found by their number, where their clipped mean says little", () => {
  const cost: MetricDefinition = { ...findMetric("cost_per_call")!, expected: { value: 0.01 } };
  const bins = (usual: number, enormous: number) => ({
    bins: { [logBinOfValue(0.01)]: usual, [logBinOfValue(5)]: enormous },
  });
  const report = gate({
    criteria: [criterion("cost_per_call", { kind: "relative", hold: 0.5, rollback: 1 })],
    metrics: [cost],
    evidence: [
      evidenceOf("cost_per_call", [
        stratum({
          stageIndex: 1,
          propensityBps: 1_000,
          baseline: bins(9_000, 5),
          candidate: bins(1_000, 14),
        }),
      ]),
    ],
  });
  expect(report.logHarm).toBeGreaterThan(Math.log(1e5));
});

describe("an interval of few answers", () => {
  const bins = (value: number, count: number) => ({ bins: { [Math.round(value * 100)]: count } });
  const rowOf = (of: ReturnType<typeof criterion>, seen: Parameters<typeof stratum>[0]) =>
    gate({
      criteria: [of],
      evidence: [evidenceOf(of.metric, [stratum({ propensityBps: 5_000, ...seen })])],
    }).verdicts[0]!;

  it("is not narrow because they happen to be alike", () => {
    const seen = { candidate: bins(0.86, 1), baseline: bins(0.8, 20) };
    const { interval } = rowOf(QUALITY, seen);
    // One answer is within what any answer differs by: harm of the rollback level is not ruled out.
    expect(interval!.high).toBeGreaterThan(0.1);
    expect(interval!.low).toBeLessThan(-0.1);
  });

  it("does not go beyond what a rate can be", () => {
    const edits = rowOf(EDIT_RATE, { candidate: rate(1, 12), baseline: rate(1, 8) });
    expect(edits.interval!.low).toBeGreaterThanOrEqual(-1);
    expect(edits.interval!.high).toBeLessThanOrEqual(1);
    const limit = criterion("error_rate", { kind: "limit", hold: null, rollback: 0.05 });
    const errors = rowOf(limit, { candidate: rate(0, 35), baseline: rate(0, 25) });
    expect(errors.interval!.low).toBe(0);
    expect(errors.interval!.high).toBeGreaterThan(0.02);
  });
});
