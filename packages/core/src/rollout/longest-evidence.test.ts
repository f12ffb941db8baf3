import { expect, test } from "vitest";
import { rollout, stage, strategy } from "../../test/rollout-builders.ts";
import { emptyEvidence } from "../gate/merge-evidence.ts";
import { gateInputOf } from "./gate-input.ts";
import { longestEvidenceSeconds } from "./longest-evidence.ts";

const HOUR = 3_600;
const held = { onInconclusive: "hold", onNoData: "hold", onError: "hold" } as const;

test("evidence is gathered for as long as shadow and live stages may last", () => {
  const stages = [
    stage("evaluate", { mostSeconds: 9 * HOUR, ...held }),
    stage("shadow", { mostSeconds: 2 * HOUR, ...held }),
    stage("canary", { mostSeconds: 5 * HOUR, ...held }),
  ];
  expect(longestEvidenceSeconds({ stages })).toBe(7 * HOUR);
  const extended = [...stages, stage("ramp", { mostSeconds: HOUR, ...held, onNoData: "extend" })];
  expect(longestEvidenceSeconds({ stages: extended })).toBe(11 * HOUR);
  const endless = [...stages, stage("verify", { mostSeconds: null })];
  expect(longestEvidenceSeconds({ stages: endless })).toBeNull();
  expect(longestEvidenceSeconds({ stages: stages.slice(0, 1) })).toBeNull();

  const live = rollout({
    strategy: strategy(stages),
    state: { kind: "progressing", stageIndex: 1, enteredAtMs: 0 },
  });
  expect(gateInputOf(live, emptyEvidence(), [])?.longestSeconds).toBe(7 * HOUR);
});
