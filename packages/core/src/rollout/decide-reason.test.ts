import { expect, test } from "vitest";
import { rollout, stage, strategy } from "../../test/rollout-builders.ts";
import { decide } from "./decide.ts";

test.each([
  ["abort", 'ada aborted the rollout of summary@2; summary@1 answers everyone again. "Too slow."'],
  ["rollback", 'ada rolled summary back to summary@1. "Too slow."'],
] as const)("%s is told as what the person did", (kind, reason) => {
  const outcome = decide({
    rollout: rollout({ state: { kind: "progressing", stageIndex: 0, enteredAtMs: 0 } }),
    event: { kind, by: "ada", note: "Too slow." },
    gate: null,
    stageObservations: 0,
    nowMs: 1,
  });
  expect(outcome).toMatchObject({ kind: "decided", decision: "rollback", reason });
});

test("numbers in what is missing are written with separators, as everywhere", () => {
  const least = { durationSeconds: 0, observations: 10_000, need: "both" } as const;
  const outcome = decide({
    rollout: rollout({
      state: { kind: "progressing", stageIndex: 0, enteredAtMs: 0 },
      strategy: strategy([stage("canary", { least }), stage("verify")]),
    }),
    event: { kind: "tick" },
    gate: null,
    stageObservations: 7_347,
    nowMs: 1,
  });
  expect(outcome.reason).toBe("Canary needs 10,000 answers of the candidate; 7,347 are there.");
});
