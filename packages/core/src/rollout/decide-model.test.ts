import fc from "fast-check";
import { expect, test } from "vitest";
import {
  after,
  gateReportOf,
  HOUR,
  rollout,
  stage,
  strategy,
} from "../../test/rollout-builders.ts";
import type { GateReport, VerdictKind } from "../gate/verdict.ts";
import { decide } from "./decide.ts";
import type { DecideInput, DecideOutcome, RolloutEvent, Transition } from "./decision.ts";
import type { Rollout } from "./rollout.ts";
import { currentStage, isTerminal, routeOf } from "./rollout.ts";
import type { Stage, StageKind } from "./strategy.ts";
import { STAGE_KINDS } from "./strategy.ts";

/** Random histories: people, gates and clocks in any order, on strategies of any shape. */
const action = fc.constantFrom("extend" as const, "hold" as const, "rollback" as const);

const stageOf = (kind: StageKind): fc.Arbitrary<Stage> =>
  fc
    .record({
      least: fc.record({
        durationSeconds: fc.constantFrom(0, HOUR, 24 * HOUR),
        observations: fc.constantFrom(0, 10, 1_000),
        need: fc.constantFrom("both" as const, "either" as const),
      }),
      mostSeconds: fc.constantFrom(null, HOUR, 48 * HOUR),
      approval: fc.constantFrom(null, null, "reviewer" as const),
      onInconclusive: action,
      onNoData: action,
      onError: action,
      // The canary's share varies, so that a revision may try to move it.
      shareBps: fc.constantFrom(...(kind === "canary" ? [500, 1_000] : [SHARE_OF[kind]])),
      prove: fc.constantFrom(undefined, undefined, ["quality"], ["quality", "cost"]),
    })
    .map(({ prove, ...parts }) => stage(kind, prove === undefined ? parts : { ...parts, prove }));

const SHARE_OF: Readonly<Record<StageKind, number>> = {
  evaluate: 0,
  staging: 0,
  shadow: 0,
  canary: 1_000,
  ramp: 5_000,
  verify: 10_000,
};

const CRITERIA = ["quality", "cost"];

const stages = fc
  .subarray([...STAGE_KINDS], { minLength: 1 })
  .chain((kinds) => fc.tuple(...kinds.map(stageOf)));

/** A row without data or in error has no verdict but doubt: that much is the gate's own promise. */
const anyRow = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      verdict: fc.constantFrom<VerdictKind>("pass", "pass", "pass", "hold", "fail", "inconclusive"),
      evidence: fc.constant("measured" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      verdict: fc.constant<VerdictKind>("inconclusive"),
      evidence: fc.constantFrom("no_data" as const, "error" as const),
    }),
  },
);

const gate: fc.Arbitrary<GateReport | null> = fc.oneof(
  fc.constant(null),
  fc
    .record({
      quality: anyRow,
      cost: anyRow,
      hasWarning: fc.constantFrom(false, false, false, true),
    })
    .map(({ hasWarning, ...rows }) => gateReportOf(rows, { hasWarning })),
);

const said = { by: fc.constantFrom("ada", "grace", "joan"), note: fc.constantFrom("", "because") };

const event: fc.Arbitrary<RolloutEvent> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: "tick" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("promote" as const),
      ...said,
      full: fc.constantFrom(false, false, true),
      override: fc.boolean(),
    }),
  },
  ...(["approve", "pause", "resume"] as const).map((kind) => ({
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant(kind), ...said }),
  })),
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("revise" as const),
      ...said,
      strategy: stages.map((revised) => strategy(revised, CRITERIA)),
    }),
  },
  ...(["start", "abort", "rollback"] as const).map((kind) => ({
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant(kind), ...said }),
  })),
);

const step = fc.record({
  event,
  gate,
  stageObservations: fc.constantFrom(0, 9, 10, 5_000),
  passedSeconds: fc.constantFrom(-5, 0, 60, HOUR, 25 * HOUR),
});

const history = fc.record({
  stages,
  tier: fc.constantFrom(1 as const, 2 as const, 3 as const),
  steps: fc.array(step, { maxLength: 40 }),
});

function checkStep(input: DecideInput, outcome: DecideOutcome): void {
  const { rollout: before } = input;
  const next = after(before, outcome);
  const isOver = isTerminal(before.state);
  expect(outcome.kind === "refused" && next === before).toBe(isOver || outcome.kind === "refused");
  checkWayBack(input);
  if (isOver) return;
  checkHarm(input, outcome);
  checkShare(before, next, outcome);
  checkRevision(input, next);
  if (outcome.kind !== "decided") return;
  if (outcome.decision === "advance" || outcome.decision === "complete") {
    checkPromotion(input, outcome.decision);
  }
  const isTakenBack = outcome.decision === "rollback";
  expect(isTerminal(next.state)).toBe(isTakenBack || outcome.decision === "complete");
  expect(routeOf(next) === null).toBe(isTerminal(next.state));
  expect(outcome.checkAgainAtMs === null).toBe(isTerminal(next.state));
  expect(outcome.reason.trim()).not.toBe("");
}

/** Without proven harm a tick takes back only what its policy gave up, after the stage's longest. */
function checkSilence(input: DecideInput, { decision, next }: Transition): void {
  if (decision !== "rollback") return;
  const { state } = input.rollout;
  const most = currentStage(input.rollout)?.mostSeconds ?? Infinity;
  const seconds = "enteredAtMs" in state ? (input.nowMs - state.enteredAtMs) / 1_000 : 0;
  expect(next).toMatchObject({ cause: "undecided" });
  expect(seconds).toBeGreaterThanOrEqual(most);
}

/**
 * From wherever a history has come to, a person's word ends it at once: taken back when anybody may have
 * been served, aborted when nobody has.
 */
function checkWayBack(input: DecideInput): void {
  if (isTerminal(input.rollout.state)) return;
  for (const kind of ["rollback", "abort"] as const) {
    const outcome = decide({ ...input, event: { kind, by: "grace", note: "" } });
    expect(outcome).toMatchObject({
      kind: "decided",
      decision: "rollback",
      next: { kind: input.rollout.state.kind === "pending" ? "aborted" : "rolled_back" },
    });
  }
}

/** Taking back is always possible, and proven harm takes back by itself, paused or held or not. */
function checkHarm(input: DecideInput, outcome: DecideOutcome): void {
  const { event: happened, gate: report, rollout: before } = input;
  if (happened.kind === "rollback" || happened.kind === "abort") {
    expect(outcome).toMatchObject({ kind: "decided", decision: "rollback" });
  }
  if (happened.kind === "tick" && report?.verdict === "fail" && before.state.kind !== "pending") {
    expect(outcome).toMatchObject({ decision: "rollback", next: { cause: "gate" } });
  } else if (happened.kind === "tick" && outcome.kind === "decided") {
    checkSilence(input, outcome);
  }
}

function checkShare(before: Rollout, next: Rollout, outcome: DecideOutcome): void {
  const [was, is] = [routeOf(before)?.shareBps ?? 0, routeOf(next)?.shareBps ?? 0];
  const isRise = outcome.kind === "decided" && outcome.decision === "advance";
  if (is > was) expect(isRise).toBe(true);
  const isComplete = outcome.kind === "decided" && outcome.decision === "complete";
  const setsBaseline =
    outcome.kind === "decided" && outcome.effects.some((effect) => effect.kind === "set_baseline");
  expect(setsBaseline).toBe(isComplete);
}

/** What an advance or a completion must have had, depending on who brought it about. */
function checkPromotion(input: DecideInput, decision: "advance" | "complete"): void {
  const { rollout: before, event: happened, gate: report } = input;
  const present = currentStage(before);
  if (happened.kind === "start") return;
  expect(present).not.toBeNull();
  expect(before.state.kind).not.toBe("paused");
  expect(report?.verdict).not.toBe("fail");
  if (present === null || !("stageIndex" in before.state)) return;
  const { stageIndex } = before.state;
  checkApprovals(before, stageIndex, decision);
  if (happened.kind === "promote" && happened.override)
    return checkTier(before, stageIndex, decision);
  expect(present.kind).not.toBe("evaluate");
  expect(isLeastMet(input, present)).toBe(true);
  expect(report?.verdict).not.toBe("hold");
  if (present.kind !== "staging") checkProof(report, present);
}

/** Every criterion that the stage must prove has measured rows, all safe; none of the others is suspect. */
function checkProof(report: GateReport | null, present: Stage): void {
  expect(report?.warnings).toEqual([]);
  for (const id of present.prove ?? CRITERIA) {
    const rows = report?.verdicts.filter((row) => row.criterionId === id) ?? [];
    expect(rows.length).toBeGreaterThan(0);
    for (const { verdict, evidence } of rows) {
      expect({ verdict, evidence }).toEqual({ verdict: "pass", evidence: "measured" });
    }
  }
}

/**
 * The strategy is frozen: only a person's revision changes it, moves nobody, starts tests on new ground,
 * and lets approvals of the old one lapse.
 */
function checkRevision({ rollout: before, event: happened }: DecideInput, next: Rollout): void {
  if (next.strategy === before.strategy) {
    expect(next.revision).toBe(before.revision);
    expect(next.firstStageNumber).toBe(before.firstStageNumber);
    return;
  }
  expect(happened.kind).toBe("revise");
  expect(next.revision).toBe((before.revision ?? 1) + 1);
  expect(routeOf(next)?.shareBps).toBe(routeOf(before)?.shareBps);
  expect(currentStage(next)?.name).toBe(currentStage(before)?.name);
  expect(next.approvals).toEqual([]);
  const [was, is] = [routeOf(before)?.stageIndex, routeOf(next)?.stageIndex];
  if (was !== undefined) expect(is).toBeGreaterThan(was);
}

function checkTier(before: Rollout, stageIndex: number, decision: "advance" | "complete"): void {
  if (before.tier !== 1 || decision === "advance") return;
  const skipped = before.strategy.stages.slice(stageIndex + 1);
  expect(skipped.some((one) => one.kind === "shadow")).toBe(false);
}

function checkApprovals(before: Rollout, stageIndex: number, decision: string): void {
  const end = decision === "complete" ? before.strategy.stages.length : stageIndex + 2;
  for (let index = stageIndex + 1; index < end; index++) {
    if ((before.strategy.stages[index]?.approval ?? null) === null) continue;
    const given = before.approvals.filter((approval) => approval.stageIndex === index);
    expect(given.some((approval) => approval.by !== before.author)).toBe(true);
  }
}

function isLeastMet(input: DecideInput, present: Stage): boolean {
  const { state } = input.rollout;
  if (!("enteredAtMs" in state)) return false;
  const { durationSeconds, observations, need } = present.least;
  const hasTime = input.nowMs - state.enteredAtMs >= durationSeconds * 1_000;
  const hasCount = input.stageObservations >= observations;
  return need === "both" ? hasTime && hasCount : hasTime || hasCount;
}

test("every history keeps what a rollout promises", () => {
  const reached = new Set<string>();
  fc.assert(
    fc.property(history, ({ stages: given, tier, steps }) => {
      let current = rollout({ tier, strategy: strategy(given, CRITERIA) });
      let nowMs = 0;
      const start: RolloutEvent = { kind: "start", by: "ada", note: "" };
      const first = { event: start, gate: null, stageObservations: 0, passedSeconds: 0 };
      for (const { passedSeconds, ...rest } of [first, ...steps]) {
        nowMs = Math.max(0, nowMs + passedSeconds * 1_000);
        const input: DecideInput = { rollout: current, nowMs, ...rest };
        const outcome = decide(input);
        expect(decide(structuredClone(input))).toEqual(outcome);
        checkStep(input, outcome);
        current = after(current, outcome);
        if (outcome.kind !== "decided") continue;
        reached.add(outcome.decision).add(current.state.kind);
        if (outcome.revision !== undefined) reached.add("revised");
      }
      expect(current.approvals.length).toBeLessThanOrEqual(current.strategy.stages.length * 2);
    }),
    { numRuns: 1_500 },
  );
  // The histories are worth something only if they get everywhere.
  const wanted = [
    "advance",
    "hold",
    "pause",
    "rollback",
    "complete",
    "held",
    "paused",
    "completed",
  ];
  expect([...reached]).toEqual(expect.arrayContaining([...wanted, "rolled_back", "revised"]));
});
