import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FeatureStatus, Problem, RolloutDetail } from "@spillway/contract";
import type { GateReport, Requirement, RolloutState, StageExposure, Verdict } from "@spillway/core";
import { buildStage, buildStrategy } from "../../../../testkit/src/control-builders.ts";
import { startTestControl, type TestControl } from "../../../../testkit/src/control-kit.ts";
import { buildRolloutView, NOW_MS } from "../../../../testkit/src/fake-control-ports.ts";
import type { RolloutView } from "../control-ports.ts";

let control: TestControl;
beforeEach(() => {
  control = startTestControl();
});
afterEach(() => control.server.close());

const act = (action: string, options: Parameters<TestControl["request"]>[2] = {}) =>
  control.request("POST", `/api/v1/rollouts/roll_1/actions/${action}`, options);

describe("actions", () => {
  it.each(["start", "promote", "pause", "resume", "abort", "rollback"])(
    "%s needs an operator",
    async (action) => {
      for (const as of ["viewer", "reviewer"] as const) {
        expect((await act(action, { as })).status).toBe(403);
      }
      expect((await act(action, { as: "operator" })).status).toBe(200);
      expect(control.acted.map(({ event }) => event.kind)).toEqual([action]);
    },
  );

  it("approve is for reviewers too, unless the stage asks for more", async () => {
    expect((await act("approve", { as: "reviewer" })).status).toBe(200);
    const stages = [buildStage(), buildStage({ name: "ramp 25%", approval: "admin" })];
    const { rollout } = control.state.view;
    control.state.view = buildRolloutView({
      rollout: { ...rollout, strategy: buildStrategy({ stages }) },
    });
    const refused = await act("approve", { as: "operator" });
    expect(refused.status).toBe(403);
    expect(Problem.parse(refused.body).detail).toContain("Entering ramp 25% is approved by");
    expect((await act("approve", { as: "admin" })).status).toBe(200);
    expect(control.acted.length).toBe(2);
  });

  it("approve names the stage that the role was checked for", async () => {
    const { state } = control.state.view.rollout;
    await act("approve", { as: "reviewer" });
    expect(control.acted[0]?.event).toMatchObject({
      kind: "approve",
      stageIndex: ("stageIndex" in state ? state.stageIndex : Number.NaN) + 1,
    });
  });

  it("carry who, why and how", async () => {
    const body = { note: "it is fine", override: true };
    await act("promote", { as: "operator", body });
    expect(control.acted[0]?.event).toEqual({
      kind: "promote",
      by: "operator key",
      note: "it is fine",
      full: false,
      override: true,
    });
  });

  it("revise needs an operator, and carries the strategy, who and why", async () => {
    const revise = (as: "reviewer" | "operator") =>
      control.request("POST", "/api/v1/rollouts/roll_1/revisions", {
        as,
        body: { strategy: { strategy: "longer" }, note: "too short" },
      });
    expect((await revise("reviewer")).status).toBe(403);
    const answer = await revise("operator");
    expect(answer.status).toBe(200);
    expect(RolloutDetail.parse(answer.body).revision).toBe(1);
    expect(control.acted).toMatchObject([
      {
        event: {
          kind: "revise",
          strategy: { kind: "document", document: { strategy: "longer" } },
          by: "operator key",
          note: "too short",
        },
      },
    ]);
  });

  it("that are refused say what is missing", async () => {
    const unmet: Requirement[] = [{ code: "duration", sentence: "1 hour is left." }];
    control.state.view = buildRolloutView({ unmet });
    const answer = await act("promote");
    expect(answer.status).toBe(409);
    expect(Problem.parse(answer.body)).toMatchObject({ code: "requirements_unmet", unmet });
  });
});

const exposure = (parts: Partial<StageExposure>): StageExposure => ({
  stageIndex: 0,
  propensityBps: 500,
  baseline: 0,
  candidate: 0,
  pairs: 0,
  excluded: {},
  lastObservedAtMs: null,
  ...parts,
});

const unmet = (...codes: Requirement["code"][]): Requirement[] =>
  codes.map((code) => ({ code, sentence: `${code} is unmet.` }));

const inState = (state: RolloutState, parts: Partial<RolloutView> = {}): RolloutView => {
  const view = buildRolloutView(parts);
  return { ...view, rollout: { ...view.rollout, state } };
};

const shadow = buildStage({
  kind: "shadow",
  name: "shadow",
  shareBps: 0,
  shadowBps: 10_000,
  least: { durationSeconds: 0, observations: 10_000, need: "both" },
});

const progressing = {
  kind: "progressing",
  stageIndex: 0,
  enteredAtMs: NOW_MS - 1_800_000,
} as const;
const held = (code: "approval" | "harm_suspected" | "undecided") =>
  ({ ...progressing, kind: "held", heldAtMs: NOW_MS, code }) as const;

const verdict: Verdict = {
  criterionId: "quality",
  metric: "quality",
  slice: "*",
  verdict: "inconclusive",
  evidence: "measured",
  estimate: 0.01,
  interval: { low: Number.NEGATIVE_INFINITY, high: 0.1, level: 0.95 },
  baselineMean: 0.8,
  candidateMean: 0.79,
  observations: { baseline: 10, candidate: 10, pairs: 0 },
  logHarm: Number.NEGATIVE_INFINITY,
  logBlock: 0,
  logSafety: Number.POSITIVE_INFINITY,
  levels: { hold: 0.05, rollback: 0.1, margin: 0.05 },
  method: "m1",
  sentence: "Not enough yet.",
  moreObservations: 211.2,
  hoursNeeded: 3.5,
  newestAtMs: 1_700_000_000_000,
};

const report: GateReport = {
  verdict: "inconclusive",
  criteria: ["quality"],
  verdicts: [verdict],
  delays: [],
  open: [verdict],
  warnings: [],
  culprit: null,
  logHarm: 0,
  logBlock: 0,
  sentence: "Not enough yet.",
  method: "m1",
};

describe("the next action", () => {
  const withShadow = (view: RolloutView): RolloutView => ({
    ...view,
    rollout: {
      ...view.rollout,
      strategy: buildStrategy({ stages: [shadow, ...buildStrategy().stages] }),
    },
  });

  it.each<[string, RolloutView, string | null]>([
    ["pending", inState({ kind: "pending" }), "start it: spillway start search"],
    [
      "paused",
      inState({ ...progressing, kind: "paused", pausedAtMs: NOW_MS }),
      "resume or roll back: spillway resume search",
    ],
    [
      "waiting for pairs",
      withShadow(
        inState(progressing, {
          unmet: unmet("observations", "duration"),
          exposures: [exposure({ pairs: 2_653 }), exposure({ stageIndex: 1, pairs: 50 })],
        }),
      ),
      "wait for 7,347 more pairs",
    ],
    [
      "waiting for answers",
      inState(progressing, {
        unmet: unmet("observations"),
        exposures: [exposure({ candidate: 399 })],
      }),
      "wait for 1 more answer",
    ],
    [
      "waiting for evidence",
      inState(progressing, { unmet: unmet("gate", "duration"), report }),
      "wait for about 212 more observations of quality",
    ],
    [
      "waiting for time",
      inState(progressing, { unmet: unmet("duration") }),
      "wait 30 minutes more in canary",
    ],
    [
      "waiting for approval",
      inState(held("approval"), { unmet: unmet("approval") }),
      "approve entering ramp 100%: spillway approve search",
    ],
    [
      "suspected harm",
      inState(held("harm_suspected")),
      "roll back, or wait for more evidence: spillway rollback search",
    ],
    [
      "undecided",
      inState(held("undecided")),
      "decide: promote with a reason, or roll back: spillway promote search --override",
    ],
    [
      "rolled back",
      inState({ kind: "rolled_back", stageIndex: 0, atMs: NOW_MS, cause: "gate" }),
      "see why, decision by decision: spillway get rollout search",
    ],
    ["completed", inState({ kind: "completed", atMs: NOW_MS }), null],
    ["just entered", inState(progressing), "wait for 400 more answers"],
  ])("when %s", async (_name, view, expected) => {
    control.state.view = view;
    const answer = await control.request("GET", "/api/v1/rollouts/roll_1", { as: "viewer" });
    expect(RolloutDetail.parse(answer.body).nextAction).toBe(expected);
  });
});

describe("a rollout", () => {
  it("shows the share that was set and the one that was", async () => {
    const exposures = [
      exposure({ baseline: 940, candidate: 50 }),
      exposure({ baseline: 0, candidate: 10, propensityBps: 400 }),
      exposure({ stageIndex: 1, candidate: 999 }),
    ];
    control.state.view = buildRolloutView({ exposures });
    const answer = await control.request("GET", "/api/v1/rollouts/roll_1");
    const detail = RolloutDetail.parse(answer.body);
    expect([detail.setShareBps, detail.actualShareBps]).toEqual([500, 600]);
    expect(detail.strategyDetail.criteria[0]?.sentence).toBe(
      "quality: hold at 5% worse than the baseline, roll back at 10%. Without data, hold. In error, hold.",
    );
  });

  it("keeps to the contract where evidence is boundless", async () => {
    control.state.view = buildRolloutView({ report });
    const detail = RolloutDetail.parse(
      (await control.request("GET", "/api/v1/rollouts/roll_1")).body,
    );
    const [found] = detail.report!.verdicts;
    expect([found?.logHarm, found?.logSafety, found?.interval?.low]).toEqual([-1e9, 1e9, -1e9]);
  });

  it.each<[RolloutState, string | null, number]>([
    [{ kind: "pending" }, null, 0],
    [held("undecided"), "undecided", 500],
    [{ kind: "rolled_back", stageIndex: 0, atMs: 1, cause: "gate" }, "gate", 0],
    [{ kind: "completed", atMs: 1 }, null, 10_000],
  ])("in state %o has a code and a share", async (state, code, share) => {
    control.state.view = inState(state);
    const answer = await control.request("GET", "/api/v1/rollouts/roll_1");
    const detail = RolloutDetail.parse(answer.body);
    expect([detail.state, detail.stateCode, detail.setShareBps]).toEqual([state.kind, code, share]);
  });
});

describe("the status of a feature", () => {
  const freeToGo = (): RolloutView => {
    const least = { durationSeconds: 60, observations: 10, need: "both" } as const;
    const stages = [buildStage({ least }), ...buildStrategy().stages.slice(1)];
    const view = inState(progressing, {
      report: { ...report, verdict: "pass" },
      exposures: [exposure({ candidate: 10 })],
    });
    return { ...view, rollout: { ...view.rollout, strategy: buildStrategy({ stages }) } };
  };

  it.each<[string, RolloutView, string, boolean]>([
    ["free to go", freeToGo(), "undecided", true],
    ["just entered", inState(progressing), "undecided", false],
    ["waiting", inState(progressing, { unmet: unmet("duration") }), "undecided", false],
    [
      "harmed",
      inState(progressing, { report: { ...report, verdict: "fail" } }),
      "undecided",
      false,
    ],
    ["pending", inState({ kind: "pending" }), "undecided", true],
    ["complete", inState({ kind: "completed", atMs: 1 }), "healthy", false],
    [
      "rolled back",
      inState({ kind: "rolled_back", stageIndex: 0, atMs: 1, cause: "gate" }),
      "degraded",
      false,
    ],
  ])("%s", async (...row) => {
    const [, view, health, mayAdvance] = row;
    control.state.view = view;
    const answer = await control.request("GET", "/api/v1/features/search/status", { as: "viewer" });
    const status = FeatureStatus.parse(answer.body);
    expect([status.health, status.mayAdvance]).toEqual([health, mayAdvance]);
  });
});
