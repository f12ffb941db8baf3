import { expect, test } from "vitest";
import { playStrategy } from "./play/play-strategy.ts";
import { assertReplays } from "./replay-decisions.ts";
import { buildStage, buildStrategy } from "./control-builders.ts";

test("a decision that does not come out again as it is stored is found", () => {
  const { decisions } = playStrategy({
    strategy: buildStrategy({ stages: [buildStage({ shareBps: 10_000 })] }),
    world: { perHour: 100, baseline: {}, candidate: {} },
    mostHours: 2,
  });
  expect(decisions.length).toBeGreaterThan(0);
  assertReplays(decisions);
  const doctored = decisions.map((of) => ({ ...of, outcome: { decision: "complete" } }));
  expect(() => assertReplays(doctored)).toThrow("the outcome differs");
});
