import { expect, test } from "vitest";
import { rollout } from "../../test/rollout-builders.ts";
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
