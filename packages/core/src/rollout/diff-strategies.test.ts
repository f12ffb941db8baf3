import { expect, test } from "vitest";
import { METRIC_CATALOGUE } from "../gate/metric-catalogue.ts";
import { parseCriteria } from "../gate/parse-criterion.ts";
import { stage, strategy } from "../../test/rollout-builders.ts";
import { diffStrategies } from "./diff-strategies.ts";
import type { Strategy } from "./strategy.ts";

/** A strategy with the gate of a file. */
function gated(gate: unknown, parts: Partial<Strategy> = {}): Strategy {
  const parsed = parseCriteria(gate, METRIC_CATALOGUE);
  if (parsed.kind === "problems") throw new Error(JSON.stringify(parsed.problems));
  const stages = [stage("canary"), stage("verify")];
  return { ...strategy(stages), criteria: parsed.criteria, ...parts };
}

const BEFORE = {
  edit_rate: { rollback: "+2pp" },
  quality: { hold: "-5%", rollback: "-10%" },
  latency_p95: { limit: "2.5s" },
};

test.each([
  [
    { ...BEFORE, edit_rate: { rollback: "+3pp" } },
    ["gate.edit_rate.rollback was +2pp and is +3pp."],
  ],
  [
    { ...BEFORE, edit_rate: { rollback: "1.5x" } },
    ["gate.edit_rate.rollback was +2pp and is 1.5x.", "gate.edit_rate.slices was yes and is no."],
  ],
  [
    { ...BEFORE, quality: { hold: "-7%", rollback: "-10%", within: "24h" } },
    ["gate.quality.hold was -5% and is -7%.", "gate.quality.within is new: 1d."],
  ],
  [{ ...BEFORE, quality: { rollback: "-10%" } }, ["gate.quality.hold is gone; it was -5%."]],
  [
    { ...BEFORE, latency_p95: { limit: "1.25s" } },
    ["gate.latency_p95.limit was 2500ms and is 1250ms."],
  ],
  [
    {
      edit_rate: BEFORE.edit_rate,
      quality: BEFORE.quality,
      harmful_content: { tolerance: "zero" },
    },
    [
      "gate.latency_p95 is gone; it was limit 2500ms, slices no, on_inconclusive hold, on_no_data hold, on_error hold.",
      "gate.harmful_content is new: tolerance zero, maximum_rate 0.5%, slices no, on_inconclusive hold, on_no_data hold, on_error hold.",
    ],
  ],
  [BEFORE, []],
])("what is different in a gate is said as it is written: %j", (gate, sentences) => {
  expect(diffStrategies(gated(BEFORE), gated(gate))).toEqual(sentences);
});

test("a level that differs in its last digit is a difference", () => {
  const rollback = "+2.0000001pp";
  expect(diffStrategies(gated(BEFORE), gated({ ...BEFORE, edit_rate: { rollback } }))).toEqual([
    "gate.edit_rate.rollback was +2pp and is +2.0000001pp.",
  ]);
});

test("stages and lists are said in words, without JSON", () => {
  const least = { durationSeconds: 86_400, observations: 7_347, need: "both" } as const;
  const after = [stage("canary", { least }), stage("ramp", { least }), stage("verify")];
  const slices = Array.from({ length: 40 }, (_, index) => `language=l${index}`);
  const sentences = diffStrategies(
    gated(BEFORE),
    gated(BEFORE, { stages: after, slices, expected: { latency_p95: 1_200 } }),
  );
  expect(sentences).toContain("stages.canary.least.observations was 10 and is 7,347.");
  expect(sentences).toContain("expected is new: latency_p95 1,200.");
  expect(
    sentences.find((one) => one.startsWith("stages.ramp is new: stage ramp, share ")),
  ).toContain("least duration 1d, least observations 7,347, least need both");
  expect(sentences.find((one) => one.startsWith("slices is new"))).toMatch(
    /language=l\d+, and so on\.$/,
  );
  expect(sentences.join(" ")).not.toMatch(/[{}[\]"]/);
});
