import { DecisionSummary } from "@spillway/contract";
import type { Json, RolloutEvent } from "@spillway/core";
import { decide } from "@spillway/core";
import { buildRolloutView, DECISION } from "../../../../testkit/src/fake-control-ports.ts";
import { expect, test } from "vitest";
import { decisionSummaryOf } from "./decision-mapping.ts";

const { rollout } = buildRolloutView();

function summaryAfter(event: RolloutEvent) {
  const inputs = { rollout, event, gate: null, stageObservations: 0, nowMs: 1_000_000 };
  const outcome = decide(inputs);
  expect(outcome.kind).toBe("decided");
  const stored = JSON.parse(JSON.stringify({ inputs, outcome })) as { inputs: Json; outcome: Json };
  return DecisionSummary.parse(decisionSummaryOf({ ...DECISION, ...stored }));
}

test("a decision that revised the strategy says which revision, what is different, and why", () => {
  const strategy = { ...rollout.strategy, personGraceSeconds: 3_600 };
  expect(
    summaryAfter({ kind: "revise", by: "ana", note: " Too slow. ", strategy }).revision,
  ).toEqual({
    number: 2,
    changes: [expect.stringMatching(/^personGrace was .* and is 1h\.$/)],
    note: "Too slow.",
  });
  expect(summaryAfter({ kind: "pause", by: "ana", note: "Wait." })).not.toHaveProperty("revision");
});
