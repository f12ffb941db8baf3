import { Strategy as WireStrategy } from "@spillway/contract";
import type { JsonObject, Strategy } from "@spillway/core";
import { describe, expect, it } from "vitest";
import { builtInStrategies, parseStrategyDocument } from "../../compose-stores.ts";
import { strategyOf } from "./strategy-mapping.ts";

function parsed(document: JsonObject): Strategy {
  const outcome = parseStrategyDocument(document);
  if (outcome.kind === "problems") throw new Error(JSON.stringify(outcome.problems));
  return outcome.strategy;
}

/** As a client gets it: through JSON and the contract, which leaves out what it does not know. */
const shown = (document: JsonObject) =>
  WireStrategy.parse(JSON.parse(JSON.stringify(strategyOf(parsed(document), document))));

const EVERY_KEY: JsonObject = {
  strategy: "all-said",
  description: "Every key of the language.",
  gate: {
    quality: { hold: "-3%", rollback: "-10%", slices: false, on_no_data: "rollback" },
    edit_rate: { rollback: "+2pp", within: "24h", on_inconclusive: "hold" },
    error_rate: { limit: "5%", hold: "2%", over: "15m", on_error: "rollback" },
    correction_rate: { rollback: "1.5x", hold: "1.2x", slices: true },
    leak: { tolerance: "zero", maximum_rate: "0.1%" },
    similarity: { rollback: "-10%" },
  },
  confidence: { alpha: 0.01, alphaBlock: 0.1, alphaPromote: 0.02, amberOdds: 5 },
  personGrace: "12h",
  unit: "user",
  expected: { edit_rate: 0.2 },
  slices: ["language=de"],
  undecidable: "refuse",
  rehearsal: { known_within: "30m", at: "2x", most_exposed: 500 },
  onNoData: "extend",
  stages: [
    { stage: "staging", ring: "beta" },
    {
      stage: "canary",
      share: "10%",
      shadow: "20%",
      least: { duration: "1h", observations: 100, need: "either" },
      most: "14d",
      approval: "operator",
      prove: ["quality"],
      review: ["similarity"],
      onInconclusive: "rollback",
      onError: "extend",
    },
    { stage: "ramp", share: "100%" },
  ],
};

describe("a strategy that is shown", () => {
  it.each([EVERY_KEY, ...[...builtInStrategies().values()].map(({ document }) => document)])(
    "says all that was understood, and its document gives it again: $strategy",
    (document) => {
      const found = shown(document);
      expect(found).toMatchObject(structuredClone(parsed(document)));
      expect(parsed(found.document)).toEqual(parsed(document));
    },
  );

  it("says every criterion in full", () => {
    expect(shown(EVERY_KEY).criteria.map(({ sentence }) => sentence)).toMatchInlineSnapshot(`
      [
        "quality: hold at 3% worse than the baseline, roll back at 10%, and 3% must be ruled out before everyone gets it. Without data, roll back.",
        "edit_rate: hold at 0.01 worse than the baseline, roll back at 0.02, on every slice, within the first 1d. Inconclusive, hold.",
        "error_rate: hold at 0.02, roll back at 0.05 where it is worse than the baseline, also when it begins later, in steps of 15m. In error, roll back.",
        "correction_rate: hold at 1.2 times the baseline, roll back at 1.5 times, and 1.2 times must be ruled out before everyone gets it, on every slice.",
        "leak: the first confirmed event rolls back, and a rate of 0.1% must be ruled out to go on.",
        "similarity: hold at 5% worse than the baseline, roll back at 10%, on every slice. Holds canary for a person, and never takes back.",
      ]
    `);
  });

  it("knows a limit at the feature's SLA from one in numbers, with all else that it says", () => {
    const gate = {
      latency_p95: { limit: "sla", hold: "1ms", over: "15m", on_no_data: "rollback" },
    };
    const stages = [{ stage: "ramp", share: "100%" }];
    const [found] = shown({ strategy: "sla", gate, stages }).criteria;
    expect(found?.sentence).toBe(
      "latency_p95: hold at 1, roll back at the feature's SLA where it is worse than the baseline, also when it begins later, in steps of 15m. Without data, roll back.",
    );
  });
});
