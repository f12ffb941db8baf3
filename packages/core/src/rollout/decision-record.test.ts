import { describe, expect, test } from "vitest";
import { HOUR, rollout } from "../../test/rollout-builders.ts";
import type { Json } from "../json.ts";
import { METRIC_CATALOGUE } from "../gate/metric-catalogue.ts";
import type { DecisionInputs, DecisionRecord } from "./decision-record.ts";
import { explainDecision, judge, replayDecision, ROLLOUT_METHOD } from "./decision-record.ts";
import { gateInputOf } from "./gate-input.ts";
import { decisionId } from "./rollout.ts";

/** A shadow without any pair, paused by hand. */
function recorded(): DecisionRecord {
  const shadow = rollout({ state: { kind: "progressing", stageIndex: 0, enteredAtMs: 0 } });
  const inputs: DecisionInputs = {
    rollout: shadow,
    event: { kind: "pause", by: "ada", note: "" },
    gate: gateInputOf(shadow, { metrics: [], exposures: [] }, METRIC_CATALOGUE),
    stageObservations: 0,
    nowMs: HOUR * 1_000,
  };
  const { report, outcome } = judge(inputs);
  const record = {
    id: decisionId("dec_1"),
    rolloutId: shadow.id,
    feature: shadow.feature,
    version: 2,
    decision: "pause",
    fromState: "progressing",
    toState: "paused",
    stage: "shadow",
    reason: "ada paused it.",
    actor: "ada",
    atMs: inputs.nowMs,
    inputs,
    outcome: outcome as unknown as Json,
    report,
    method: ROLLOUT_METHOD,
    snapshotRevision: 1,
  } as const satisfies DecisionRecord;
  return JSON.parse(JSON.stringify(record)) as DecisionRecord;
}

describe("a stored decision", () => {
  test("is explained by what was missing when it was made, not by what judging anew would say", () => {
    const record = recorded();
    const unmet = [{ code: "gate", sentence: "Quality was not proven then." }];
    const outcome = { ...(record.outcome as object), unmet } as Json;
    const sentences = explainDecision({ ...record, outcome });
    expect(sentences.filter((one) => one.startsWith("Missing: "))).toEqual([
      "Missing: Quality was not proven then.",
    ]);
  });

  test.each([[null], ["paused"], [{ unmet: "much" }], [{ unmet: [null, { code: "gate" }] }]])(
    "is explained without what is missing where its outcome is %j",
    (outcome) => {
      const sentences = explainDecision({ ...recorded(), outcome });
      expect(sentences.join(" ")).not.toContain("Missing");
      expect(sentences.at(-1)).toBe(`Method: ${ROLLOUT_METHOD}.`);
    },
  );

  test("is explained without saying twice that it holds", () => {
    const record = recorded();
    const sentence = "Hold: edit_rate rose by 3 points.";
    const report = { ...record.report!, verdict: "hold", sentence } as const;
    const sentences = explainDecision({ ...record, decision: "hold", reason: sentence, report });
    expect(sentences).toContain("summary: hold. edit_rate rose by 3 points.");
    expect(sentences).toContain("The gate said hold: edit_rate rose by 3 points.");
  });

  test("agrees with itself when it is decided again, and differs when it was changed", () => {
    const record = recorded();
    expect(replayDecision(record)).toMatchObject({ agrees: true });
    const outcome = { ...(record.outcome as object), decision: "hold" } as Json;
    expect(replayDecision({ ...record, outcome })).toMatchObject({ agrees: false });
    // An earlier method may have come to something else without anybody having touched the record.
    const earlier = { ...record, outcome, method: "spillway-decide/1 spillway-gate/1" };
    const { agrees, sentence } = replayDecision(earlier);
    expect(agrees).toBeNull();
    expect(sentence).toContain("made by spillway-decide/1 spillway-gate/1");
  });

  test("cannot be decided again without inputs, which is no agreement", () => {
    const { agrees, replayed, sentence } = replayDecision({ ...recorded(), inputs: null });
    expect(agrees).toBeNull();
    expect(replayed).toBeNull();
    expect(sentence).toContain("Cannot be decided again");
  });
});
