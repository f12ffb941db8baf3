/**
 * Every built-in strategy played from start to end on a virtual clock: with a good candidate, with the
 * regression that it is meant to catch, with traffic that nobody measures, and with an outage that both
 * releases share.
 */
import type { Stage, Strategy } from "@spillway/core";
import { withFeatureLevels } from "@spillway/core";
import { describe, expect, test } from "vitest";
import type { Behaviour } from "../../testkit/src/play/behaviour.ts";
import type { Played, PlayOptions } from "../../testkit/src/play/play-strategy.ts";
import type { World } from "../../testkit/src/play/world.ts";
import { playStrategy } from "../../testkit/src/play/play-strategy.ts";
import { builtInStrategies, parseStrategyDocument } from "../src/compose-stores.ts";

type Case = {
  readonly tier?: 1 | 2 | 3;
  readonly perHour: number;
  readonly tickHours: number;
  readonly ringPerHour?: number;
  readonly slices?: World["slices"];
  readonly baseline: Behaviour;
  /** What a good candidate does otherwise than the baseline; nothing if left out. */
  readonly good?: Behaviour;
  /** Regressions by name: what is worse, and the kind of stage that must take it back. */
  readonly bad: Readonly<Record<string, { readonly does: Behaviour; readonly in: Stage["kind"] }>>;
};

const CASES: Readonly<Record<string, Case>> = {
  "tier1-clinical": {
    slices: { "kind=letter": 0.4, "kind=note": 0.3 },
    tier: 1,
    // Enough for two more edits in a hundred to be ruled out from one answer in ten of a day.
    perHour: 800,
    tickHours: 3,
    baseline: { quality: 0.8, fact_coverage: 0.85, field_completeness: 0.85, edit_rate: 0.15 },
    bad: {
      "answers 20% worse": { does: { quality: 0.64 }, in: "shadow" },
      "facts left out": { does: { fact_coverage: 0.68 }, in: "shadow" },
      "answers that people have to edit": { does: { edit_rate: 0.25 }, in: "canary" },
    },
  },
  "prompt-canary": {
    slices: { "kind=letter": 0.4, "kind=note": 0.3 },
    perHour: 400,
    tickHours: 1,
    baseline: { quality: 0.8, error_rate: 0.01 },
    bad: {
      "answers 25% worse": { does: { quality: 0.6 }, in: "canary" },
      "calls that fail": { does: { error_rate: 0.2 }, in: "canary" },
    },
  },
  "prompt-tweak": {
    tier: 3,
    perHour: 400,
    tickHours: 0.5,
    baseline: { quality: 0.8 },
    bad: { "answers 25% worse": { does: { quality: 0.6 }, in: "canary" } },
  },
  "model-upgrade": {
    perHour: 200,
    tickHours: 4,
    baseline: { quality: 0.8, error_rate: 0.01, refusal_rate: 0.02 },
    bad: {
      "answers 20% worse": { does: { quality: 0.64 }, in: "shadow" },
      "a model that refuses": { does: { refusal_rate: 0.12 }, in: "shadow" },
    },
  },
  "new-feature": {
    perHour: 200,
    tickHours: 2,
    ringPerHour: 10,
    baseline: { quality: 0.8, harmful_content: 0 },
    bad: {
      "harmful answers": { does: { harmful_content: 0.02 }, in: "staging" },
      "answers 25% worse": { does: { quality: 0.6 }, in: "ramp" },
    },
  },
  "blue-green": {
    perHour: 400,
    tickHours: 2,
    baseline: {
      quality: 0.8,
      format_valid: 0.98,
      length_in_bounds: 0.95,
      refusal_rate: 0.02,
      error_rate: 0.01,
    },
    bad: {
      "answers 25% worse": { does: { quality: 0.6 }, in: "canary" },
      "a format nobody can read": { does: { format_valid: 0.7 }, in: "canary" },
    },
  },
  "document-pipeline": {
    perHour: 2_000,
    tickHours: 0.5,
    baseline: { divergence: 0, correction_rate: 0.08 },
    good: { divergence: 0.03 },
    bad: {
      "results that people correct": {
        does: { divergence: 0.03, correction_rate: 0.2 },
        in: "canary",
      },
    },
  },
  "search-1m": {
    perHour: 30_000,
    tickHours: 3,
    baseline: {
      quality: 0.8,
      error_rate: 0.0002,
      harmful_content: 0,
      latency_p95: 400,
      latency_p99: 400,
    },
    bad: {
      "relevance 6% lower": { does: { quality: 0.75 }, in: "canary" },
      "harmful results": { does: { harmful_content: 0.001 }, in: "canary" },
      "answers beyond the SLA": { does: { latency_p99: 1_200 }, in: "canary" },
      "calls that fail": { does: { error_rate: 0.02 }, in: "canary" },
    },
  },
  "product-playbook": {
    perHour: 400,
    tickHours: 6,
    baseline: { quality: 0.8, disagreement: 0, latency_p95: 900 },
    good: { disagreement: 0.08 },
    bad: {
      "answers 20% worse": { does: { quality: 0.64, disagreement: 0.08 }, in: "shadow" },
      "answers that take too long": {
        does: { latency_p95: 2_500, disagreement: 0.08 },
        in: "shadow",
      },
    },
  },
  "ab-test": {
    perHour: 200,
    tickHours: 6,
    baseline: { quality: 0.8 },
    good: { quality: 0.84 },
    bad: { "a loser by 5%": { does: { quality: 0.76 }, in: "canary" } },
  },
};

/** As a rollout freezes it for a feature with an SLA of two seconds and a week of history. */
function frozen(name: string): Strategy {
  const document = builtInStrategies().get(name)?.document ?? {};
  const parsed = parseStrategyDocument(
    withFeatureLevels(document, { slaLatencyMs: 2_000 }).document,
  );
  if (parsed.kind === "problems") throw new Error(JSON.stringify(parsed.problems));
  const expected = { latency_p95: 760, ...parsed.strategy.expected };
  return { ...parsed.strategy, expected };
}

function given(name: string, of: Case, world: Partial<World> = {}): PlayOptions {
  const { baseline, good, perHour, ringPerHour = 0, slices = {}, tickHours, tier = 2 } = of;
  const candidate = { ...baseline, ...good };
  return {
    strategy: { ...frozen(name), slices: Object.keys(slices) },
    tier,
    tickHours,
    world: { perHour, ringPerHour, slices, baseline, candidate, ...world },
  };
}

const story = ({ decisions }: Played): string =>
  decisions.map(({ decision, stage, reason }) => `${decision} ${stage}: ${reason}`).join("\n");

test("all ten are there, and each has been thought of here", () => {
  const others = ["backtest-tier1", "canary-only", "shadow-first"];
  const names = [...builtInStrategies().keys()].filter((name) => !others.includes(name));
  expect(Object.keys(CASES).toSorted()).toEqual(names);
});

describe.each(Object.entries(CASES))("%s", { timeout: 120_000 }, (name, of) => {
  test("a good candidate goes through every stage to the end", () => {
    const played = playStrategy(given(name, of));
    expect(played.rollout.state.kind, story(played)).toBe("completed");
    expect(played.entered).toEqual(played.rollout.strategy.stages);
  });

  test.each(Object.entries(of.bad))("%s are taken back in time", (_, { does, in: kind }) => {
    const candidate = { ...of.baseline, ...of.good, ...does };
    const played = playStrategy(given(name, of, { candidate }));
    expect(played.rollout.state, story(played)).toMatchObject({
      kind: "rolled_back",
      cause: "gate",
    });
    expect(played.lastStage.kind).toBe(kind);
    // No more people than its stage was to show it to before the first proof.
    const { shareBps, least } = played.lastStage;
    const leastHours = Math.max(of.tickHours, least.durationSeconds / 3_600);
    const perHour = (of.perHour * shareBps) / 10_000 + (of.ringPerHour ?? 0);
    expect(played.exposedInLastStage).toBeLessThanOrEqual(perHour * leastHours * 1.2);
  });

  test("traffic that nobody measures gets past no stage that needs a proof", () => {
    const played = playStrategy(given(name, of, { baseline: {}, candidate: {} }));
    const needsProof = played.rollout.strategy.stages.findIndex(
      ({ kind }) => kind !== "evaluate" && kind !== "staging",
    );
    expect(played.entered.length, story(played)).toBe(needsProof + 1);
    // The policy says that a person decides, and that it is taken back when nobody does.
    expect(played.rollout.state).toMatchObject({ kind: "rolled_back", cause: "undecided" });
    expect(played.decisions.at(-2)).toMatchObject({ toState: "held" });
  });

  test("an outage that both releases share is nobody's fault", () => {
    const good = playStrategy(given(name, of));
    const both = outageOf(of.baseline);
    const alone = { ...of.baseline, ...both };
    expect(playStrategy(given(name, of, { candidate: alone })).rollout.state).toMatchObject({
      cause: "gate",
    });
    const half = good.hours / 2;
    for (const fromHour of [0, half]) {
      const outage = { fromHour, toHour: fromHour + Math.max(4, of.tickHours * 2), both };
      const played = playStrategy({ ...given(name, of, { outage }), mostHours: good.hours * 1.5 });
      expect(played.rollout.state, story(played)).not.toMatchObject({ cause: "gate" });
    }
  });
});

test.each([
  ["document-pipeline", "divergence", 0.2],
  ["product-playbook", "disagreement", 0.3],
] as const)(
  "%s asks a person about too much %s, and takes nothing back for it",
  (name, metric, level) => {
    const of = CASES[name];
    if (of === undefined) throw new Error(`no case ${name}`);
    const candidate = { ...of.baseline, [metric]: level };
    const played = playStrategy(given(name, of, { candidate }));
    expect(played.lastStage.kind).toBe("shadow");
    expect(played.exposed).toBe(0);
    expect(story(played)).toContain("A person has to look");
    expect(played.rollout.state).toMatchObject({ cause: "undecided" });
  },
);

/** Everything is worse at once: answers, calls, latency, and what people do with the answers. */
function outageOf(baseline: Behaviour): Behaviour {
  const worse: Record<string, number> = {};
  for (const [metric, level] of Object.entries(baseline)) {
    if (["divergence", "disagreement", "harmful_content"].includes(metric)) continue;
    if (metric.startsWith("latency")) worse[metric] = level * 5;
    else worse[metric] = level > 0.5 ? level * 0.6 : Math.min(0.5, level * 4 + 0.2);
  }
  return worse;
}
