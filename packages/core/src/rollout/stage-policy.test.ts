import { describe, expect, test } from "vitest";
import { gateReportOf, HOUR, rollout, stage, strategy } from "../../test/rollout-builders.ts";
import type { Criterion } from "../gate/criterion.ts";
import type { GateReport } from "../gate/verdict.ts";
import { decide } from "./decide.ts";
import type { DecideOutcome } from "./decision.ts";
import type { Rollout } from "./rollout.ts";
import { routeOf } from "./rollout.ts";
import type { Stage } from "./strategy.ts";
import { strategyProblems } from "./strategy.ts";

function inFirst(first: Stage, criteria: string[]): Rollout {
  return rollout({
    strategy: strategy([first, stage("verify")], criteria),
    state: { kind: "progressing", stageIndex: 0, enteredAtMs: 0 },
  });
}

function tick(of: Rollout, rows: Parameters<typeof gateReportOf>[0]): DecideOutcome {
  const gate = gateReportOf(rows);
  const nowMs = 2 * HOUR * 1_000;
  return decide({ rollout: of, event: { kind: "tick" }, gate, stageObservations: 50, nowMs });
}

describe("prove", () => {
  const named = inFirst(stage("canary", { prove: ["quality"] }), ["quality", "cost"]);

  test("lets a stage be left although another criterion is open", () => {
    const rows = { quality: { verdict: "pass" }, cost: { verdict: "inconclusive" } } as const;
    expect(tick(named, rows)).toMatchObject({ decision: "advance" });
    expect(tick(inFirst(stage("canary"), ["quality", "cost"]), rows)).toMatchObject({
      kind: "wait",
    });
  });

  test("reads no figures and no sentences of rows to find that out", () => {
    const rows = { quality: { verdict: "pass" }, cost: { verdict: "inconclusive" } } as const;
    const gate: GateReport = {
      ...gateReportOf(rows),
      get verdicts(): never {
        throw new Error("All rows were put into words.");
      },
    };
    const nowMs = 2 * HOUR * 1_000;
    const input = {
      rollout: named,
      event: { kind: "tick" },
      stageObservations: 50,
      nowMs,
    } as const;
    expect(decide({ ...input, gate })).toMatchObject({ decision: "advance" });
  });

  test("never lets it be left on doubt, on missing rows, or while another criterion is suspect", () => {
    const open = { quality: { verdict: "inconclusive" }, cost: { verdict: "pass" } } as const;
    expect(tick(named, open)).toMatchObject({ kind: "wait" });
    expect(tick(named, { cost: { verdict: "inconclusive" } })).toMatchObject({ kind: "wait" });
    const suspect = { quality: { verdict: "pass" }, cost: { verdict: "hold" } } as const;
    expect(tick(named, suspect)).toMatchObject({ next: { kind: "held", code: "harm_suspected" } });
    const failed = { quality: { verdict: "pass" }, cost: { verdict: "fail" } } as const;
    expect(tick(named, failed)).toMatchObject({ decision: "rollback" });
  });
});

describe("names of criteria", () => {
  test("must be of the gate", () => {
    const unknown = strategy([stage("shadow", { prove: ["speed"] }), stage("verify")]);
    expect(strategyProblems(unknown, 2)[0]).toMatchObject({ path: "stages[0].prove" });
  });
});

describe("silence", () => {
  const late = { kind: "progressing", stageIndex: 0, enteredAtMs: 0 } as const;
  const silent = (stageSays: Partial<Stage>, criterionSays: Partial<Criterion>) => {
    const base = strategy(
      [stage("canary", { mostSeconds: HOUR, onNoData: "extend", ...stageSays }), stage("verify")],
      ["quality"],
    );
    const criteria = base.criteria.map((of) => ({ ...of, ...criterionSays }));
    const of = rollout({ strategy: { ...base, criteria }, state: late });
    return tick(of, { quality: { verdict: "inconclusive", evidence: "no_data" } });
  };

  test("is answered by the strictest of stage and criterion, for the kind that it is", () => {
    expect(silent({}, {})).toMatchObject({ kind: "wait" });
    expect(silent({ onInconclusive: "rollback", onError: "rollback" }, {})).toMatchObject({
      kind: "wait",
    });
    expect(silent({}, { onNoData: "hold" })).toMatchObject({ next: { code: "undecided" } });
    expect(silent({ onNoData: "hold" }, { onNoData: "rollback" })).toMatchObject({
      next: { kind: "rolled_back", cause: "undecided" },
    });
    expect(silent({ onNoData: "rollback" }, { onNoData: "extend" })).toMatchObject({
      next: { kind: "rolled_back", cause: "undecided" },
    });
  });
});

describe("rings and units", () => {
  const ringed = { ...strategy([stage("staging", { ring: "beta" }), stage("ramp")]) };

  test("a ring is served from its stage on", () => {
    const at = (stageIndex: number) =>
      routeOf(
        rollout({
          strategy: { ...ringed, unit: "user" },
          state: { kind: "progressing", stageIndex, enteredAtMs: 0 },
        }),
      );
    expect(at(0)).toMatchObject({ rings: ["beta"], unit: "user", shareBps: 0 });
    expect(at(1)).toMatchObject({ rings: ["beta"], shareBps: 5_000 });
  });

  test("a ring stands in staging only: it proves nothing", () => {
    const wrong = strategy([stage("canary", { ring: "beta" }), stage("verify")]);
    expect(strategyProblems(wrong, 2)[0]).toMatchObject({ path: "stages[0].ring" });
  });
});
