import { describe, expect, it } from "vitest";
import { strategy as builtStrategy } from "../../test/rollout-builders.ts";
import { parseStrategy } from "./parse-strategy.ts";
import { strategyToJson } from "./strategy-to-json.ts";

const { criteria, confidence } = builtStrategy([]);
const ports = { parseGate: () => ({ criteria }), defaultConfidence: confidence };

const BOUNDS = {
  known_within: "30m",
  at: "2x",
  chance: 0.95,
  most_exposed: 500,
  false_rollback: "5%",
};

const parse = (parts: object) =>
  parseStrategy({ strategy: "s", gate: {}, stages: [{ stage: "verify" }], ...parts }, ports);

describe("what a strategy demands of its rehearsal", () => {
  it("is read", () => {
    expect(parse({ rehearsal: BOUNDS })).toMatchObject({
      strategy: {
        rehearsal: {
          knownWithinSeconds: 1_800,
          at: 2,
          chance: 0.95,
          mostExposed: 500,
          falseRollback: 0.05,
        },
      },
    });
  });

  it("may be given in part, or not at all", () => {
    expect(parse({ rehearsal: { known_within: "1h" } })).toMatchObject({
      strategy: {
        rehearsal: { knownWithinSeconds: 3_600, at: 1, mostExposed: null, falseRollback: null },
      },
    });
    const without = parse({});
    expect(without.kind === "strategy" && "rehearsal" in without.strategy).toBe(false);
  });

  it.each([
    [{ at: "3x" }, "rehearsal.at", 'Found "3x", wanted one of 1x, 2x, 5x.'],
    [{ at: 2 }, "rehearsal.at", "Found 2, wanted one of 1x, 2x, 5x."],
    [{ known_within: "soon" }, "rehearsal.known_within", 'Found "soon", wanted a duration'],
    [{ chance: 1 }, "rehearsal.chance", "Found 1, wanted a number between 0 and 1"],
    [{ most_exposed: -1 }, "rehearsal.most_exposed", "Found -1, wanted a whole number"],
    [{ false_rollback: 0.05 }, "rehearsal.false_rollback", "Found 0.05, wanted a share"],
    [{ within: "30m" }, "rehearsal.within", 'Found "within", wanted one of known_within'],
  ])("%j is a problem at %s", (rehearsal, path, words) => {
    const outcome = parse({ rehearsal });
    const problem = outcome.kind === "problems" ? outcome.problems[0] : undefined;
    expect(problem?.path).toBe(path);
    expect(problem?.message).toContain(words);
  });

  it("is written as it is read, and so is the refusal of what cannot be decided", () => {
    for (const parts of [{}, { rehearsal: BOUNDS, undecidable: "refuse" }]) {
      const outcome = parse(parts);
      if (outcome.kind === "problems") throw new Error(JSON.stringify(outcome.problems));
      expect(parseStrategy(strategyToJson(outcome.strategy), ports)).toEqual(outcome);
    }
  });

  it("warns of what cannot be decided unless it says otherwise", () => {
    const warning = parse({ undecidable: "warn" });
    expect(warning).toEqual(parse({}));
    expect(parse({ undecidable: "refuse" })).toMatchObject({
      strategy: { undecidable: "refuse" },
    });
    expect(parse({ undecidable: "maybe" })).toMatchObject({
      problems: [{ path: "undecidable" }],
    });
  });
});
