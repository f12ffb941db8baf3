import { describe, expect, test } from "vitest";
import { after, gateReport, HOUR, rollout, stage, strategy } from "../../test/rollout-builders.ts";
import { emptyCell, emptyPairCell } from "../gate/cells.ts";
import type { RolloutEvidence } from "../gate/evidence.ts";
import { METRIC_CATALOGUE } from "../gate/metric-catalogue.ts";
import { decide } from "./decide.ts";
import { gateInputOf, stageObservationsOf } from "./gate-input.ts";
import type { Rollout } from "./rollout.ts";
import { routeOf } from "./rollout.ts";
import type { Strategy } from "./strategy.ts";

const STAGES = [stage("shadow"), stage("canary"), stage("verify")];
const inCanary = rollout({
  strategy: strategy(STAGES),
  state: { kind: "progressing", stageIndex: 1, enteredAtMs: 0 },
  approvals: [{ stageIndex: 2, by: "grace", atMs: 0 }],
});

function revised(before: Rollout, to: Strategy, nowMs = HOUR * 1_000) {
  const event = { kind: "revise", by: "grace", note: "late", strategy: to } as const;
  return decide({ rollout: before, event, gate: null, stageObservations: 0, nowMs });
}

describe("a revision", () => {
  const longer = strategy([
    stage("shadow"),
    stage("canary", { least: { durationSeconds: 2 * HOUR, observations: 10, need: "both" } }),
    stage("ramp"),
    stage("verify"),
  ]);

  test("stays in its stage, which begins anew, and says what is different", () => {
    const outcome = revised(inCanary, longer);
    expect(outcome).toMatchObject({
      kind: "decided",
      decision: "hold",
      next: { kind: "progressing", stageIndex: 1, enteredAtMs: HOUR * 1_000 },
      revision: { number: 2, firstStageNumber: 3 },
    });
    if (outcome.kind !== "decided") return;
    expect(outcome.reason).toContain("stages.canary.least.duration was 1h and is 2h.");
    expect(outcome.reason).toContain("stages.ramp is new");
    const next = after(inCanary, outcome);
    expect(next).toMatchObject({ strategy: longer, revision: 2, approvals: [] });
    expect(routeOf(next)).toMatchObject({ stageIndex: 4, shareBps: 1_000 });
  });

  test("is refused while harm is proven, which it would make forgotten", () => {
    const gate = gateReport("fail", { sentence: "quality fell by 30%." });
    const event = { kind: "revise", by: "grace", note: "", strategy: longer } as const;
    const outcome = decide({
      rollout: inCanary,
      event,
      gate,
      stageObservations: 0,
      nowMs: HOUR * 1_000,
    });
    expect(outcome).toMatchObject({ kind: "refused", code: "illegal_transition" });
    expect(outcome.reason).toContain("quality fell by 30%.");
  });

  test("is judged by what is observed from then on only", () => {
    const outcome = revised(inCanary, longer);
    const next = after(inCanary, outcome);
    const stratum = (stageIndex: number) => ({
      stageIndex,
      propensityBps: 1_000,
      baseline: emptyCell(),
      candidate: { bins: { "80": 7 } },
      pairs: emptyPairCell(),
    });
    const exposure = (stageIndex: number, candidate: number) => ({
      stageIndex,
      propensityBps: 1_000,
      baseline: 0,
      candidate,
      pairs: 0,
      excluded: {},
      lastObservedAtMs: null,
    });
    const evidence: RolloutEvidence = {
      metrics: [{ metric: "quality", slice: "*", strata: [stratum(1), stratum(4)] }],
      exposures: [exposure(1, 40), exposure(4, 2)],
    };
    expect(stageObservationsOf(next, evidence)).toBe(2);
    const input = gateInputOf(next, evidence, METRIC_CATALOGUE);
    expect(input?.evidence).toMatchObject({
      metrics: [{ strata: [{ stageIndex: 1, candidate: { bins: { "80": 7 } } }] }],
      exposures: [{ stageIndex: 1, candidate: 2 }],
    });
  });

  test("keeps a paused rollout paused, and a pending one pending", () => {
    const paused = { ...inCanary.state, kind: "paused", pausedAtMs: 5 } as Rollout["state"];
    expect(revised({ ...inCanary, state: paused }, longer)).toMatchObject({
      next: { kind: "paused", stageIndex: 1 },
    });
    expect(revised(rollout({ strategy: strategy(STAGES) }), longer)).toMatchObject({
      next: { kind: "pending" },
      revision: { number: 2 },
    });
  });

  test.each([
    [
      "without the present stage",
      strategy([stage("ramp"), stage("verify")]),
      "canary among them",
      "stages",
    ],
    [
      "that moves people",
      strategy([stage("shadow"), stage("canary", { shareBps: 5_000 }), stage("verify")]),
      "as it is",
      "stages[1]",
    ],
    ["that changes nothing", strategy(STAGES), "Nothing would change", undefined],
    ["that is unfit", strategy([stage("canary")]), "Wanted 100%", "stages[0].share"],
  ])("%s is refused for what it says", (...[, to, words, path]) => {
    const outcome = revised(inCanary, to);
    expect(outcome).toMatchObject({ kind: "refused", code: "invalid_configuration" });
    expect(outcome.reason).toContain(words);
    const [problem] = outcome.kind === "refused" ? (outcome.problems ?? []) : [];
    expect(problem?.path).toBe(path);
  });

  test("of tier 1 cannot drop the shadow, and what is over stays over", () => {
    const pending = rollout({ tier: 1, strategy: strategy(STAGES) });
    const bare = strategy([stage("canary"), stage("verify")]);
    expect(revised(pending, bare).reason).toContain("cannot skip shadow");
    const over = { ...inCanary, state: { kind: "completed", atMs: 0 } } as Rollout;
    expect(revised(over, longer)).toMatchObject({ kind: "refused", code: "illegal_transition" });
  });
});
