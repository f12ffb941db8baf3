import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { strategy as builtStrategy } from "../../test/rollout-builders.ts";
import type { ParseStrategyPorts } from "./parse-strategy.ts";
import { parseStrategy } from "./parse-strategy.ts";
import { strategyToJson } from "./strategy-to-json.ts";
import { durationText, parseDurationSeconds } from "../duration.ts";
import { parseShareBps } from "./strategy-values.ts";
import type { Stage } from "./strategy.ts";
import { percent, STAGE_KINDS, strategyProblems } from "./strategy.ts";

const { criteria, confidence } = builtStrategy([]);

const ports: ParseStrategyPorts = {
  parseGate: (gate) =>
    JSON.stringify(gate).includes("bad")
      ? { problems: [{ path: "gate.bad", message: "Unknown metric." }] }
      : { criteria },
  defaultConfidence: confidence,
};

const CLINICAL = {
  strategy: "clinical",
  description: "For tier 1.",
  gate: { quality: { hold: "-5%", rollback: "-10%" } },
  onNoData: "rollback",
  stages: [
    {
      stage: "shadow",
      least: { duration: "72h", observations: 1000, need: "either" },
      most: "14d",
      onNoData: "extend",
    },
    { stage: "canary", share: "10%", least: { duration: "24h", observations: 100 } },
    { stage: "ramp", share: ["25%", "50%", "100%"], least: { duration: "24h" } },
    { stage: "verify", least: { duration: "7d" }, approval: "reviewer", shadow: "5%" },
  ],
};

function parsed(source: unknown) {
  const outcome = parseStrategy(source, ports);
  if (outcome.kind === "problems") throw new Error(JSON.stringify(outcome.problems));
  return outcome.strategy;
}

function problems(source: unknown) {
  const outcome = parseStrategy(source, ports);
  return outcome.kind === "problems" ? outcome.problems : [];
}

const withStage = (one: unknown) => ({ strategy: "s", gate: {}, stages: [one] });

describe("parseStrategy", () => {
  test("the clinical strategy, fit for tier 1", () => {
    const strategy = parsed(CLINICAL);
    expect(strategy).toMatchObject({
      name: "clinical",
      description: "For tier 1.",
      criteria,
      confidence,
      personGraceSeconds: 86_400,
    });
    expect(strategy.stages[0]).toEqual({
      kind: "shadow",
      name: "shadow",
      shareBps: 0,
      shadowBps: 10_000,
      least: { durationSeconds: 259_200, observations: 1_000, need: "either" },
      mostSeconds: 1_209_600,
      approval: null,
      onInconclusive: "hold",
      onNoData: "extend",
      onError: "hold",
    });
    const shares = strategy.stages.map(({ name, shareBps, shadowBps, approval, onNoData }) =>
      [name, shareBps, shadowBps, approval, onNoData].join(" "),
    );
    expect(shares).toEqual([
      "shadow 0 10000  extend",
      "canary 1000 0  rollback",
      "ramp 25% 2500 0  rollback",
      "ramp 50% 5000 0  rollback",
      "ramp 100% 10000 0  rollback",
      "verify 10000 500 reviewer rollback",
    ]);
    expect(strategyProblems(strategy, 1)).toEqual([]);
  });

  test("a kind that stands twice is told apart by its share, unless it has names", () => {
    const stages = [
      { stage: "canary", share: "1%" },
      { stage: "canary", share: "5%" },
      { stage: "ramp", share: ["25%", "50%"], name: "wide" },
      { stage: "verify", name: "final week" },
    ];
    const names = parsed({ ...CLINICAL, stages }).stages.map((stage) => stage.name);
    expect(names).toEqual(["canary 1%", "canary 5%", "wide 25%", "wide 50%", "final week"]);
  });

  test("what is given of the confidence replaces the default", () => {
    const strategy = parsed({ ...CLINICAL, confidence: { alpha: 0.01 }, personGrace: "4h" });
    expect(strategy.confidence).toEqual({ ...confidence, alpha: 0.01 });
    expect(strategy.personGraceSeconds).toBe(14_400);
  });

  test("null is not given, as an empty YAML value is", () => {
    const stages = [{ stage: "verify", least: null, most: null, approval: null, share: null }];
    expect(parsed({ ...CLINICAL, confidence: null, stages }).stages[0]).toMatchObject({
      shareBps: 10_000,
      mostSeconds: null,
    });
  });

  test("without a gate it parses, and is unfit to start", () => {
    const strategy = parsed({ strategy: "s", stages: [{ stage: "verify" }] });
    expect(strategyProblems(strategy, 3).map(({ path }) => path)).toEqual(["gate"]);
  });

  test.each([
    ["text", "", "wanted fields"],
    [[], "", "wanted fields"],
    [{ stages: [] }, "strategy", "Found nothing, wanted a text"],
    [{ strategy: "s" }, "stages", "a list"],
    [{ ...CLINICAL, stage: 1 }, "stage", 'Found "stage", wanted one of strategy,'],
    [{ ...CLINICAL, onError: "pass" }, "onError", "extend, hold, rollback"],
    [{ ...CLINICAL, personGrace: 24 }, "personGrace", "Found 24, wanted a duration"],
    [{ ...CLINICAL, gate: { bad: 1 } }, "gate.bad", "Unknown metric"],
    [{ ...CLINICAL, confidence: { alpha: 5 } }, "confidence.alpha", "between 0 and 1"],
    [{ ...CLINICAL, confidence: { amberOdds: 0 } }, "confidence.amberOdds", "from 1 on"],
    [{ ...CLINICAL, confidence: { beta: 1 } }, "confidence.beta", "wanted one of alpha"],
    [withStage("canary"), "stages[0]", "wanted fields"],
    [withStage({ stage: "kanary" }), "stages[0].stage", "evaluate, staging, shadow"],
    [withStage({ stage: "canary" }), "stages[0].share", "Found nothing, wanted a share"],
    [withStage({ stage: "canary", share: 10 }), "stages[0].share", "Found 10, wanted a share"],
    [withStage({ stage: "canary", share: "101%" }), "stages[0].share", "0% to 100%"],
    [withStage({ stage: "canary", share: "0.001%" }), "stages[0].share", "0.01%"],
    [withStage({ stage: "ramp", share: ["5%", 7] }), "stages[0].share", "a list"],
    [withStage({ stage: "ramp", share: [] }), "stages[0].share", "a list"],
    [withStage({ stage: "verify", least: "1h" }), "stages[0].least", "wanted fields"],
    [withStage({ stage: "verify", least: { time: 1 } }), "stages[0].least.time", "duration"],
    [
      withStage({ stage: "verify", least: { observations: -1 } }),
      "stages[0].least.observations",
      "whole",
    ],
    [
      withStage({ stage: "verify", least: { need: "any" } }),
      "stages[0].least.need",
      "both, either",
    ],
    [withStage({ stage: "verify", most: "2 weeks" }), "stages[0].most", "7d"],
    [withStage({ stage: "verify", approval: "boss" }), "stages[0].approval", "reviewer, operator"],
    [withStage({ stage: "verify", Share: "5%" }), "stages[0].Share", "wanted one of stage"],
  ])("problem %#: %j", (source, path, words) => {
    const found = problems(source);
    expect(found.map((problem) => problem.path)).toContain(path);
    expect(found.find((problem) => problem.path === path)?.message).toContain(words);
  });

  test("all problems are told at once", () => {
    const source = { ...withStage({ stage: "canary", share: 1, most: 2 }), strategy: 3, x: 4 };
    expect(problems(source).map(({ path }) => path)).toEqual([
      "x",
      "strategy",
      "stages[0].share",
      "stages[0].most",
    ]);
  });

  test("nothing is thrown on, whatever it is", () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (one, other) => {
        const stages = [one, { stage: "ramp", share: other }];
        expect(() => parseStrategy(one, ports)).not.toThrow();
        expect(() => parseStrategy({ strategy: "s", stages }, ports)).not.toThrow();
      }),
    );
  });
});

const action = fc.constantFrom("extend" as const, "hold" as const, "rollback" as const);
const bps = fc.integer({ min: 0, max: 10_000 });
const seconds = fc.integer({ min: 0, max: 365 * 86_400 });

const anyStage: fc.Arbitrary<Stage> = fc.record({
  kind: fc.constantFrom(...STAGE_KINDS),
  name: fc.stringMatching(/^[a-z]{1,20}( [0-9]{1,3}%)?$/),
  shareBps: bps,
  shadowBps: bps,
  least: fc.record({
    durationSeconds: seconds,
    observations: fc.nat(),
    need: fc.constantFrom("both" as const, "either" as const),
  }),
  mostSeconds: fc.option(seconds),
  approval: fc.option(fc.constantFrom("reviewer" as const, "operator" as const, "admin" as const)),
  onInconclusive: action,
  onNoData: action,
  onError: action,
});

test("strategyToJson parses back to the same strategy", () => {
  fc.assert(
    fc.property(fc.array(anyStage, { maxLength: 8 }), seconds, (stages, personGraceSeconds) => {
      const strategy = { ...builtStrategy(stages), personGraceSeconds };
      const json = structuredClone(strategyToJson(strategy));
      expect(parsed(json)).toEqual(strategy);
    }),
  );
  expect(strategyToJson(parsed(CLINICAL), () => "as written")["gate"]).toBe("as written");
});

describe("values", () => {
  test.each([
    ["30s", 30],
    ["15m", 900],
    ["72h", 259_200],
    ["7d", 604_800],
    ["1.5h", 5_400],
    ["1.1h", 3_960],
    ["0s", 0],
    ["0.5s", null],
    ["366d", null],
    ["-1h", null],
    ["1w", null],
    ["72", null],
    ["", null],
  ])("duration %j is %j seconds", (text, wanted) => {
    expect(parseDurationSeconds(text)).toBe(wanted);
  });

  test.each([
    ["10%", 1_000],
    ["0.01%", 1],
    ["99.9 %", 9_990],
    ["100%", 10_000],
    ["100.01%", null],
    ["0.005%", null],
    ["-5%", null],
    ["10", null],
  ])("share %j is %j basis points", (text, wanted) => {
    expect(parseShareBps(text)).toBe(wanted);
  });

  test("every duration and every share is written so that it reads back", () => {
    fc.assert(fc.property(seconds, (s) => parseDurationSeconds(durationText(s)) === s));
    for (let b = 0; b <= 10_000; b++) expect(parseShareBps(percent(b))).toBe(b);
  });
});

describe("rings, units, proofs, reviews and expected levels", () => {
  const full = {
    ...CLINICAL,
    unit: "user",
    expected: { latency_p95: 900 },
    stages: [
      { stage: "staging", ring: "beta" },
      { stage: "shadow", prove: ["quality"], review: ["edit_rate"] },
      { stage: "verify" },
    ],
  };

  test("are read, and written as they were read", () => {
    const strategy = parsed(full);
    expect(strategy).toMatchObject({ unit: "user", expected: { latency_p95: 900 } });
    expect(strategy.stages).toMatchObject([
      { ring: "beta" },
      { prove: ["quality"], review: ["edit_rate"] },
      { kind: "verify" },
    ]);
    expect(strategy.stages[2]).not.toHaveProperty("prove");
    expect(strategyToJson(strategy)).toMatchObject({
      unit: "user",
      expected: { latency_p95: 900 },
      stages: [{ ring: "beta" }, { prove: ["quality"], review: ["edit_rate"] }, {}],
    });
  });

  test.each([
    [{ ...full, unit: "planet" }, "unit", "one of request, conversation, user, tenant"],
    [{ ...full, expected: { latency_p95: 0 } }, "expected", "a positive number for each metric"],
    [{ ...full, stages: [{ stage: "verify", prove: [] }] }, "stages[0].prove", "a list of 1 to"],
    [{ ...full, stages: [{ stage: "verify", review: "quality" }] }, "stages[0].review", "a list"],
  ])("that are written wrong are told by their place, case %#", (source, path, words) => {
    const outcome = parseStrategy(source, ports);
    expect(outcome).toMatchObject({ kind: "problems", problems: [{ path }] });
    expect(JSON.stringify(outcome)).toContain(words);
  });
});

describe("strategyProblems", () => {
  const paths = (stages: unknown[], tier: 1 | 2 | 3 = 2) =>
    strategyProblems(parsed({ ...CLINICAL, stages }), tier).map(({ path }) => path);
  const verify = { stage: "verify" };

  test.each([
    [[], ["stages"]],
    [[{ stage: "canary", share: "10%" }], ["stages[0].share"]],
    [[verify, { stage: "ramp", share: "100%" }], ["stages[1]"]],
    [[{ stage: "ramp", share: ["50%", "25%"] }, verify], ["stages[1].share"]],
    [[{ stage: "shadow", shadow: "0%" }, verify], ["stages[0].shadow"]],
    [[{ stage: "shadow", share: "5%" }, verify], ["stages[0].share"]],
    [[{ stage: "canary", share: "0%" }, verify], ["stages[0].share"]],
    [[{ stage: "ramp", share: ["50%", "50%"] }, verify], ["stages[1].name"]],
    [[{ ...verify, least: { duration: "2h" }, most: "1h" }], ["stages[0].most"]],
    [[verify], []],
  ])("case %#: %j", (stages, wanted) => {
    expect(paths(stages)).toEqual(wanted);
  });

  test("tier 1 needs a shadow stage", () => {
    expect(paths([verify], 1)).toEqual(["stages"]);
    expect(paths([{ stage: "shadow" }, verify], 1)).toEqual([]);
  });
});
