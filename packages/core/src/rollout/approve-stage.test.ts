import { describe, expect, test } from "vitest";
import { gateReport, HOUR, rollout, stage, strategy } from "../../test/rollout-builders.ts";
import { decide } from "./decide.ts";
import type { Rollout } from "./rollout.ts";

const NOW = 10 * HOUR * 1_000;
const STAGES = [
  stage("shadow"),
  stage("canary", { approval: "reviewer" }),
  stage("ramp", { approval: "admin" }),
  stage("verify"),
];

const inStage = (stageIndex: number, parts: Partial<Rollout> = {}): Rollout => ({
  ...rollout({ strategy: strategy(STAGES) }),
  state: { kind: "progressing", stageIndex, enteredAtMs: 0 },
  ...parts,
});

const approve = (on: Rollout, stageIndex?: number) =>
  decide({
    rollout: on,
    event: {
      kind: "approve",
      by: "grace",
      note: "",
      ...(stageIndex === undefined ? {} : { stageIndex }),
    },
    gate: gateReport("pass"),
    stageObservations: 1_000,
    nowMs: NOW,
  });

describe("an approval that names its stage", () => {
  test("holds for that stage", () => {
    const given = approve(inStage(0), 1);
    expect(given).toMatchObject({ approvals: [{ stageIndex: 1, by: "grace", atMs: NOW }] });
  });

  test("is refused when the rollout has moved on", () => {
    expect(approve(inStage(1), 1)).toMatchObject({
      code: "illegal_transition",
      reason: expect.stringContaining("has moved on"),
    });
  });

  test("is refused when the strategy was revised, at the same place too", () => {
    const revised = inStage(0, { firstStageNumber: 4, revision: 2 });
    expect(approve(revised, 1)).toMatchObject({ code: "illegal_transition" });
    expect(approve(revised, 5)).toMatchObject({ approvals: [{ stageIndex: 1 }] });
  });

  test("is taken for the next stage where an older decision names none", () => {
    expect(approve(inStage(1))).toMatchObject({ approvals: [{ stageIndex: 2 }] });
  });
});
