import { describe, expect, test } from "vitest";
import {
  after,
  DEFAULT_STAGES,
  gateReport,
  HOUR,
  rollout,
  stage,
  strategy,
} from "../../test/rollout-builders.ts";
import { decide } from "./decide.ts";
import type { DecideInput, RolloutEvent } from "./decision.ts";
import type { RolloutState } from "./rollout.ts";
import { routeOf } from "./rollout.ts";
import type { Stage } from "./strategy.ts";

const NOW = 10 * HOUR * 1_000;

const by = { by: "grace", note: "" };
const TICK: RolloutEvent = { kind: "tick" };
const PROMOTE: RolloutEvent = { kind: "promote", ...by, full: false, override: false };

const progressing = (stageIndex: number): RolloutState => ({
  kind: "progressing",
  stageIndex,
  enteredAtMs: 0,
});

const held = (stageIndex: number, parts: object = {}): RolloutState => ({
  kind: "held",
  stageIndex,
  enteredAtMs: 0,
  heldAtMs: NOW,
  code: "harm_suspected",
  ...parts,
});

const paused = (stageIndex: number): RolloutState => ({
  kind: "paused",
  stageIndex,
  enteredAtMs: 0,
  pausedAtMs: HOUR * 1_000,
});

const TERMINAL: RolloutState[] = [
  { kind: "rolled_back", stageIndex: 0, atMs: 0, cause: "gate" },
  { kind: "completed", atMs: 0 },
  { kind: "aborted", atMs: 0 },
];

/** By default everything that an advance needs is there. */
function decideOn(
  state: RolloutState,
  event: RolloutEvent,
  parts: Partial<Omit<DecideInput, "rollout" | "event">> & {
    readonly stages?: readonly Stage[];
    readonly tier?: 1 | 2 | 3;
    readonly approvals?: DecideInput["rollout"]["approvals"];
  } = {},
) {
  const { stages = DEFAULT_STAGES, tier = 2, approvals = [], ...rest } = parts;
  return decide({
    rollout: rollout({ state, tier, approvals, strategy: strategy(stages) }),
    event,
    gate: gateReport("pass"),
    stageObservations: 1_000,
    nowMs: NOW,
    ...rest,
  });
}

const EVENTS: RolloutEvent[] = [
  TICK,
  PROMOTE,
  { kind: "promote", ...by, full: true, override: true },
  ...(["start", "approve", "pause", "resume", "abort", "rollback"] as const).map((kind) => ({
    kind,
    ...by,
  })),
];

describe("pending", () => {
  test("start enters the first stage", () => {
    expect(decideOn({ kind: "pending" }, { kind: "start", ...by })).toMatchObject({
      decision: "advance",
      next: { kind: "progressing", stageIndex: 0, enteredAtMs: NOW },
    });
  });

  test.each(["abort", "rollback"] as const)("%s aborts", (kind) => {
    expect(decideOn({ kind: "pending" }, { kind, ...by })).toMatchObject({
      decision: "rollback",
      next: { kind: "aborted" },
    });
  });

  test("a tick waits, and nothing else is possible", () => {
    expect(decideOn({ kind: "pending" }, TICK).kind).toBe("wait");
    for (const event of [PROMOTE, ...EVENTS.slice(4, 7)]) {
      expect(decideOn({ kind: "pending" }, event)).toMatchObject({ code: "illegal_transition" });
    }
  });

  test("without stages there is nothing to start", () => {
    const outcome = decideOn({ kind: "pending" }, { kind: "start", ...by }, { stages: [] });
    expect(outcome.kind).toBe("refused");
  });
});

describe("proven harm", () => {
  test.each([progressing(1), held(1), paused(1)])("takes $kind back", (state) => {
    const outcome = decideOn(state, TICK, { gate: gateReport("fail", { hasWarning: true }) });
    expect(outcome).toMatchObject({
      decision: "rollback",
      next: { kind: "rolled_back", stageIndex: 1, cause: "gate" },
    });
  });

  test("cannot be promoted over", () => {
    const event: RolloutEvent = { kind: "promote", ...by, full: false, override: true };
    expect(decideOn(progressing(1), event, { gate: gateReport("fail") })).toMatchObject({
      kind: "refused",
      code: "illegal_transition",
    });
  });
});

describe("a tick with every requirement met", () => {
  test.each([progressing(0), held(0)])("advances $kind", (state) => {
    expect(decideOn(state, TICK)).toMatchObject({
      decision: "advance",
      next: { kind: "progressing", stageIndex: 1, enteredAtMs: NOW },
    });
  });

  test("completes the last stage and makes the candidate the baseline", () => {
    const outcome = decideOn(progressing(2), TICK);
    expect(outcome).toMatchObject({ decision: "complete", next: { kind: "completed" } });
    expect(outcome.kind === "decided" && outcome.effects).toContainEqual({
      kind: "set_baseline",
      release: "summary@2",
    });
  });

  test("does nothing to a paused rollout", () => {
    expect(decideOn(paused(0), TICK).kind).toBe("wait");
  });
});

describe("a tick with something missing", () => {
  test.each([
    ["the evidence", { gate: null }, "gate"],
    ["a verdict", { gate: gateReport("inconclusive") }, "gate"],
    ["data", { gate: gateReport("inconclusive", { evidence: "no_data" }) }, "gate"],
    ["time", { nowMs: HOUR * 1_000 - 1 }, "duration"],
    ["observations", { stageObservations: 9 }, "observations"],
  ])("waits for %s", (_, parts, code) => {
    expect(decideOn(progressing(0), TICK, parts)).toMatchObject({
      kind: "wait",
      unmet: [{ code }],
    });
  });

  test.each([
    ["harm_suspected", { gate: gateReport("hold") }],
    ["integrity", { gate: gateReport("pass", { hasWarning: true }) }],
    ["integrity", { gate: gateReport("hold", { hasWarning: true }) }],
  ])("holds for %s, once, and goes on when it is gone", (code, parts) => {
    const first = decideOn(progressing(0), TICK, parts);
    expect(first).toMatchObject({ decision: "hold", next: { kind: "held", code, enteredAtMs: 0 } });
    const state = after(rollout(), first).state;
    expect(decideOn(state, TICK, parts).kind).toBe("wait");
    expect(decideOn(state, TICK, { stageObservations: 0 })).toMatchObject({
      decision: "hold",
      next: { kind: "progressing", stageIndex: 0, enteredAtMs: 0 },
    });
  });

  test("either of time and observations is enough where the stage says so", () => {
    const least = { durationSeconds: HOUR, observations: 10, need: "either" as const };
    const stages = [stage("shadow", { least }), stage("verify")];
    const parts = { stages, nowMs: 1_000, stageObservations: 10 };
    expect(decideOn(progressing(0), TICK, parts)).toMatchObject({ decision: "advance" });
    expect(decideOn(progressing(0), TICK, { ...parts, stageObservations: 9 }).kind).toBe("wait");
    expect(decideOn(progressing(0), TICK, { stages, stageObservations: 0 })).toMatchObject({
      decision: "advance",
    });
  });

  test("evaluate is left by a person only", () => {
    const stages = [stage("evaluate"), stage("shadow"), stage("verify")];
    const parts = { stages, gate: null };
    expect(decideOn(progressing(0), TICK, parts)).toMatchObject({
      next: { kind: "held", code: "validation_missing" },
    });
    const event: RolloutEvent = { kind: "promote", ...by, full: false, override: true };
    for (const tier of [1, 2] as const) {
      expect(decideOn(held(0), event, { ...parts, tier })).toMatchObject({
        decision: "advance",
        next: { stageIndex: 1 },
      });
    }
  });

  test("staging needs no verdict, and does not go on while harm is suspected", () => {
    const stages = [stage("staging"), stage("shadow"), stage("verify")];
    expect(decideOn(progressing(0), TICK, { stages, gate: null })).toMatchObject({
      decision: "advance",
    });
    expect(decideOn(progressing(0), TICK, { stages, gate: gateReport("hold") })).toMatchObject({
      next: { kind: "held", code: "harm_suspected" },
    });
  });
});

describe("approval", () => {
  const stages = [stage("shadow"), stage("canary", { approval: "reviewer" }), stage("verify")];
  const approve = (person: string): RolloutEvent => ({ kind: "approve", by: person, note: "" });

  test("is waited for, given, and used", () => {
    const holding = decideOn(progressing(0), TICK, { stages });
    expect(holding).toMatchObject({ next: { kind: "held", code: "approval" } });
    const waiting = after(rollout({ strategy: strategy(stages) }), holding);
    const given = decideOn(waiting.state, approve("grace"), { stages });
    expect(given).toMatchObject({ approvals: [{ stageIndex: 1, by: "grace", atMs: NOW }] });
    const approved = after(waiting, given);
    expect(decideOn(approved.state, TICK, { stages, approvals: approved.approvals })).toMatchObject(
      {
        decision: "advance",
        next: { stageIndex: 1 },
      },
    );
  });

  test("cannot be given by the author, twice by one person, or where none is asked", () => {
    expect(decideOn(held(0), approve("ada"), { stages })).toMatchObject({ code: "forbidden" });
    const approvals = [{ stageIndex: 1, by: "grace", atMs: 0 }];
    expect(decideOn(held(0), approve("grace"), { stages, approvals })).toMatchObject({
      code: "illegal_transition",
    });
    expect(decideOn(held(1), approve("grace"), { stages })).toMatchObject({
      code: "illegal_transition",
    });
  });

  test("cannot be overridden, neither the next one nor, by a full promotion, a later one", () => {
    const event = { kind: "promote", ...by, full: false, override: true } as const;
    expect(decideOn(progressing(0), event, { stages })).toMatchObject({ kind: "refused" });
    const later = [stage("shadow"), stage("canary"), stage("verify", { approval: "admin" })];
    const full = { ...event, full: true };
    expect(decideOn(progressing(0), full, { stages: later })).toMatchObject({
      kind: "refused",
      unmet: [{ code: "approval" }],
    });
  });

  test("that nobody has given yet is not an undecided gate", () => {
    const late = stages.map((one) => ({ ...one, mostSeconds: HOUR, onInconclusive: "rollback" }));
    expect(decideOn(progressing(0), TICK, { stages: late as Stage[] })).toMatchObject({
      next: { kind: "held", code: "approval" },
    });
  });
});

describe("the longest duration is over without a verdict", () => {
  const most = (parts: Partial<Stage>) => [
    stage("shadow", { mostSeconds: 2 * HOUR, ...parts }),
    stage("verify"),
  ];
  const doubt = { gate: gateReport("inconclusive") };

  test("hold: a person has the grace to decide, then it is taken back", () => {
    const stages = most({});
    const first = decideOn(progressing(0), TICK, { stages, ...doubt });
    expect(first).toMatchObject({ next: { kind: "held", code: "undecided", heldAtMs: NOW } });
    const { state } = after(rollout(), first);
    const graceMs = 24 * HOUR * 1_000;
    const before = decideOn(state, TICK, { stages, ...doubt, nowMs: NOW + graceMs - 1 });
    expect(before.kind).toBe("wait");
    expect(decideOn(state, TICK, { stages, ...doubt, nowMs: NOW + graceMs })).toMatchObject({
      decision: "rollback",
      next: { cause: "undecided" },
    });
  });

  test.each([
    ["onInconclusive", gateReport("inconclusive")],
    ["onNoData", gateReport("inconclusive", { evidence: "no_data" })],
    ["onNoData", null],
    ["onError", gateReport("inconclusive", { evidence: "error" })],
  ] as const)("%s: rollback", (policy, gate) => {
    const stages = most({ [policy]: "rollback" });
    expect(decideOn(progressing(0), TICK, { stages, gate })).toMatchObject({
      next: { kind: "rolled_back", cause: "undecided" },
    });
  });

  test("extend: three times as long again, then a person", () => {
    const stages = most({ onInconclusive: "extend" });
    const at = (hours: number) =>
      decideOn(progressing(0), TICK, { stages, ...doubt, nowMs: hours * HOUR * 1_000 });
    expect(at(7.9).kind).toBe("wait");
    expect(at(8)).toMatchObject({ next: { kind: "held", code: "undecided" } });
  });
});

describe("promote", () => {
  const override = { kind: "promote", ...by, full: false, override: true } as const;

  test.each([progressing(0), held(0)])("advances $kind when all is met", (state) => {
    expect(decideOn(state, PROMOTE)).toMatchObject({ decision: "advance", unmet: [] });
  });

  test("full completes", () => {
    const outcome = decideOn(progressing(1), { ...PROMOTE, full: true });
    expect(outcome).toMatchObject({ decision: "complete", next: { kind: "completed" } });
  });

  test("is refused with what is unmet, and an override names it", () => {
    const parts = { gate: gateReport("inconclusive") };
    expect(decideOn(progressing(1), PROMOTE, parts)).toMatchObject({
      code: "requirements_unmet",
      unmet: [{ code: "gate" }],
    });
    const outcome = decideOn(progressing(1), override, parts);
    expect(outcome).toMatchObject({ decision: "advance" });
    expect(outcome.reason).toContain("without: gate");
  });

  test("is not possible while paused", () => {
    expect(decideOn(paused(0), override)).toMatchObject({ code: "illegal_transition" });
  });

  test("tier 1 cannot skip shadow, from before it or within it, whoever asks", () => {
    const stages = [stage("staging"), stage("shadow"), stage("canary"), stage("verify")];
    const full = { ...override, full: true };
    const parts = { stages, tier: 1 } as const;
    expect(decideOn(progressing(0), full, parts).kind).toBe("refused");
    expect(decideOn(progressing(1), full, { ...parts, gate: null }).kind).toBe("refused");
    expect(decideOn(progressing(1), override, { ...parts, gate: null }).kind).toBe("refused");
    expect(decideOn(progressing(1), override, parts)).toMatchObject({ decision: "advance" });
    expect(decideOn(progressing(2), full, parts)).toMatchObject({ decision: "complete" });
  });
});

describe("pause and resume", () => {
  test.each([progressing(1), held(1)])("$kind is paused with its split as it is", (state) => {
    const before = rollout({ state });
    const outcome = decideOn(state, { kind: "pause", ...by });
    expect(outcome).toMatchObject({ decision: "pause", next: { kind: "paused", stageIndex: 1 } });
    expect(routeOf(after(before, outcome))).toEqual(routeOf(before));
  });

  test("the time spent paused does not count", () => {
    const outcome = decideOn(paused(1), { kind: "resume", ...by });
    expect(outcome).toMatchObject({
      next: { kind: "progressing", enteredAtMs: NOW - HOUR * 1_000 },
    });
  });

  test("a clock that went back does not make the stage older", () => {
    const outcome = decideOn(paused(1), { kind: "resume", ...by }, { nowMs: 0 });
    expect(outcome).toMatchObject({ next: { kind: "progressing", enteredAtMs: 0 } });
  });

  test("only what is live is paused, only what is paused is resumed", () => {
    expect(decideOn(paused(1), { kind: "pause", ...by }).kind).toBe("refused");
    expect(decideOn(progressing(1), { kind: "resume", ...by }).kind).toBe("refused");
  });
});

describe("taking back", () => {
  const states = [progressing(0), held(1), paused(2)];
  test.each(["rollback", "abort"] as const)(
    "%s is never refused while there is a rollout",
    (kind) => {
      for (const state of states) {
        for (const gate of [null, gateReport("pass"), gateReport("hold")]) {
          const outcome = decideOn(state, { kind, ...by }, { gate });
          expect(outcome).toMatchObject({
            decision: "rollback",
            next: { kind: "rolled_back", cause: "person" },
          });
          expect(outcome.kind === "decided" && outcome.effects[0]).toEqual({
            kind: "publish_snapshot",
          });
        }
      }
    },
  );
});

describe.each(TERMINAL)("$kind is terminal", (state) => {
  test.each(EVENTS)("$kind is refused", (event) => {
    expect(decideOn(state, event)).toMatchObject({ kind: "refused", code: "illegal_transition" });
    expect(routeOf(rollout({ state }))).toBeNull();
  });
});
