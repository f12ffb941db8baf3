import { describe, expect, it } from "vitest";
import type { Comparison } from "../gate/criterion.ts";
import { METRIC_CATALOGUE } from "../gate/metric-catalogue.ts";
import { criterion } from "../gate/testing/builders.ts";
import type { Strategy } from "../rollout/strategy.ts";
import { HOUR, stage, strategy } from "../../test/rollout-builders.ts";
import { reportRehearsal } from "./rehearsal-report.ts";
import type { RehearsalInput, ScenarioResult } from "./rehearse.ts";
import { rehearse } from "./rehearse.ts";

const EDITS: Comparison = { kind: "difference", hold: 0.01, rollback: 0.02 };
const ERRORS: Comparison = { kind: "limit", hold: null, rollback: 0.05 };
const QUALITY: Comparison = { kind: "relative", hold: 0.05, rollback: 0.1 };
const REPETITIONS = 40;

const lasting = (kind: "shadow" | "canary" | "ramp" | "verify", hours: number, shareBps: number) =>
  stage(kind, {
    name: `${kind} ${shareBps}`,
    shareBps,
    least: { durationSeconds: hours * HOUR, observations: 0, need: "both" },
  });

const RAMP = [
  lasting("canary", 12, 1_000),
  lasting("ramp", 12, 5_000),
  lasting("verify", 12, 10_000),
];

const judging = (
  metric: string,
  comparison: Comparison,
  parts: Partial<Strategy> = {},
): Strategy => ({ ...strategy(RAMP), criteria: [criterion(metric, comparison)], ...parts });

const play = (of: Strategy, parts: Partial<RehearsalInput> = {}): readonly ScenarioResult[] => [
  ...rehearse({
    strategy: of,
    metrics: METRIC_CATALOGUE,
    requestsPerHour: 3_600,
    repetitions: REPETITIONS,
    seed: 5,
    ...parts,
  }),
];

/** Only as far as a scenario, for those that are only about it. */
function playUntil(
  of: Strategy,
  id: string,
  parts: Partial<RehearsalInput> = {},
): readonly ScenarioResult[] {
  const results: ScenarioResult[] = [];
  const input = { strategy: of, metrics: METRIC_CATALOGUE, requestsPerHour: 3_600, seed: 5 };
  for (const result of rehearse({ ...input, repetitions: 10, ...parts })) {
    results.push(result);
    if (result.scenario.id === id) break;
  }
  return results;
}

const named = (results: readonly ScenarioResult[], id: string): ScenarioResult => {
  const found = results.find(({ scenario }) => scenario.id === id);
  if (found === undefined) throw new Error(`There is no scenario ${id}.`);
  return found;
};

describe("a rehearsal", () => {
  const edits = play(judging("edit_rate", EDITS));
  const errors = play(judging("error_rate", ERRORS));

  it("repeats itself to the bit, and differs by its seed", () => {
    const few = { repetitions: 5 };
    expect(play(judging("edit_rate", EDITS), few)).toEqual(play(judging("edit_rate", EDITS), few));
    const other = play(judging("edit_rate", EDITS), { ...few, seed: 6 });
    expect(other).not.toEqual(play(judging("edit_rate", EDITS), few));
  });

  it.each([
    ["edits", edits],
    ["errors", errors],
  ])("of %s takes back a harmless candidate no more often than alpha", (_, results) => {
    const alpha = 0.05;
    const standardError = Math.sqrt((alpha * (1 - alpha)) / REPETITIONS);
    for (const id of ["harmless", "harmless-delayed"]) {
      expect(named(results, id).rolledBack).toBeLessThanOrEqual(alpha + 3 * standardError);
    }
  });

  it("finds twice the level more often and sooner than once, and five times sooner still", () => {
    const [once, twice, five] = [1, 2, 5].map((times) => named(edits, `edit_rate-${times}x`));
    expect(twice!.rolledBack).toBeGreaterThanOrEqual(once!.rolledBack);
    expect(twice!.hoursToRollback.median).toBeLessThan(once!.hoursToRollback.median!);
    expect(five!.hoursToRollback.median).toBeLessThan(twice!.hoursToRollback.median!);
    expect(five!.exposed.median).toBeLessThan(twice!.exposed.median);
    expect(twice!.rolledBackInTime).toBeLessThanOrEqual(five!.rolledBackInTime);
  });

  it("does not blame the candidate for an outage that both share", () => {
    const { rolledBack } = named(errors, "outage");
    expect(rolledBack).toBeLessThanOrEqual(0.05 + 3 * Math.sqrt(0.0475 / REPETITIONS));
  });

  it("finds a harm that begins late, counted from its beginning", () => {
    const late = named(edits, "edit_rate-late");
    expect(late.rolledBack).toBeGreaterThan(0.9);
    expect(late.hoursToRollback.median).toBeGreaterThan(
      named(edits, "edit_rate-2x").hoursToRollback.median!,
    );
  });

  it("finds a harm that begins late after a long shadow in which nothing was wrong", () => {
    const refusals: Comparison = { kind: "difference", hold: 0.01, rollback: 0.02 };
    const afterShadow = judging("refusal_rate", refusals, {
      stages: [{ ...lasting("shadow", 24, 0), shadowBps: 10_000 }, ...RAMP],
    });
    const late = named(playUntil(afterShadow, "refusal_rate-late"), "refusal_rate-late");
    expect(late.rolledBack).toBeGreaterThan(0.9);
    expect(late.promoted).toBe(0);
  });

  it("finds a harm later when labels are late", () => {
    const delayed = named(edits, "edit_rate-delayed");
    expect(delayed.hoursToRollback.median).toBeGreaterThan(
      named(edits, "edit_rate-2x").hoursToRollback.median!,
    );
  });

  it("promotes a harmless candidate, and not before its least durations", () => {
    const harmless = named(edits, "harmless");
    expect(harmless.promoted).toBeGreaterThan(0.8);
    expect(harmless.medianHoursToPromote).toBeGreaterThanOrEqual(36);
  });

  it("never promotes without data", () => {
    // Nobody edits a copy, so a shadow stage has no data on it.
    const stages = [lasting("shadow", 1, 0), ...RAMP];
    const results = play(judging("edit_rate", EDITS, { stages }), { repetitions: 3 });
    for (const { promoted, rolledBack } of results) {
      expect({ promoted, rolledBack }).toEqual({ promoted: 0, rolledBack: 0 });
    }
  });

  it("finds a harm of one slice, for a criterion that is judged on each", () => {
    const criteria = [criterion("quality", QUALITY, { perSlice: true })];
    const slices = [{ name: "kind=rare", share: 0.1 }];
    const id = "quality-in-kind=rare";
    const results = playUntil(judging("quality", QUALITY, { criteria }), id, { slices });
    const rare = named(results, id);
    expect(rare.rolledBack).toBeGreaterThan(0.8);
    expect(rare.hoursToRollback.median).toBeGreaterThan(
      named(results, "quality-2x").hoursToRollback.median!,
    );
  });

  it("rehearses pairs in shadow, where nobody is exposed", () => {
    const stages = [lasting("shadow", 6, 0), ...RAMP];
    const results = playUntil(judging("quality", QUALITY, { stages }), "quality-2x");
    const { rolledBack, exposed } = named(results, "quality-2x");
    expect(rolledBack).toBeGreaterThan(0.8);
    expect(exposed.p95).toBe(0);
  });

  it("finds a harm that begins late sooner for a criterion with over", () => {
    const id = "error_rate-late";
    const lateOf = (overSeconds: number | null) => {
      const criteria = [criterion("error_rate", ERRORS, { overSeconds })];
      return named(playUntil(judging("error_rate", ERRORS, { criteria }), id), id);
    };
    const [whole, restarted] = [lateOf(null), lateOf(900)];
    expect(restarted.rolledBack).toBeGreaterThan(0.8);
    expect(restarted.hoursToRollback.median).toBeLessThan(whole.hoursToRollback.median!);
  });

  it("finds no harm that begins after the window of a criterion with within", () => {
    const id = "error_rate-late";
    const criteria = [criterion("error_rate", ERRORS, { withinSeconds: 4 * HOUR })];
    const results = playUntil(judging("error_rate", ERRORS, { criteria }), id);
    // From the middle of twelve hours on, when the window of four is over.
    expect(named(results, id).rolledBack).toBe(0);
    expect(named(results, "error_rate-2x").rolledBack).toBeGreaterThan(0.8);
  });

  describe("by user", () => {
    const id = "edit_rate-2x";
    const stickyUnits = { requestsPerUnit: 20, correlation: 0.3 };
    const byUser = (parts: Partial<RehearsalInput> = {}) =>
      playUntil(judging("edit_rate", EDITS, { unit: "user" }), id, { stickyUnits, ...parts });

    it("takes back a harmless candidate no more often than alpha", () => {
      const repetitions = 20;
      const of = judging("edit_rate", EDITS, { unit: "user" });
      const { rolledBack } = playUntil(of, "harmless", { stickyUnits, repetitions })[0]!;
      expect(rolledBack).toBeLessThanOrEqual(0.05 + 3 * Math.sqrt(0.0475 / repetitions));
    });

    it("takes longer the more alike the requests of one are", () => {
      const single = named(edits, id).hoursToRollback.median!;
      const alike = named(byUser(), id);
      expect(alike.hoursToRollback.median ?? Infinity).toBeGreaterThan(2 * single);
      const loose = { requestsPerUnit: 2, correlation: 0.1 };
      const unlike = named(byUser({ stickyUnits: loose }), id);
      expect(unlike.hoursToRollback.median).toBeLessThan(alike.hoursToRollback.median ?? Infinity);
    });
  });

  describe("held against bounds", () => {
    const bounds = {
      knownWithinSeconds: 1_800,
      at: 5 as const,
      chance: 0.95,
      mostExposed: 100,
      falseRollback: 0.05,
    };

    it("names those that it does not keep", () => {
      const report = reportRehearsal(judging("edit_rate", EDITS, { rehearsal: bounds }), edits);
      expect(report.broken.map(({ bound }) => bound)).toEqual(["known_within", "most_exposed"]);
      expect(report.answer).toContain(
        "edit_rate at five times its level is known within 30 minutes",
      );
    });

    it("is content with what holds", () => {
      const easy = {
        ...bounds,
        knownWithinSeconds: 86_400,
        mostExposed: 5_000,
        falseRollback: 0.2,
      };
      const asked = judging("edit_rate", EDITS, { rehearsal: easy });
      expect(reportRehearsal(asked, playUntil(asked, "edit_rate-5x")).broken).toEqual([]);
    });

    it("is about criteria that take back, and not about those that ask a person", () => {
      const criteria = [criterion("edit_rate", EDITS), criterion("quality", QUALITY)];
      const [canary, ...rest] = RAMP;
      const stages = [{ ...canary!, review: ["quality"] }, ...rest];
      const asked = judging("edit_rate", EDITS, { criteria, stages, rehearsal: bounds });
      const results = playUntil(asked, "quality-5x", { repetitions: 3 });
      expect(named(results, "quality-5x")).toMatchObject({
        rolledBack: 0,
        scenario: { title: "quality (asks a person) at five times its level" },
      });
      const { answer, broken } = reportRehearsal(asked, results);
      expect(answer).toContain("edit_rate at five times its level");
      expect(new Set(broken.map(({ scenario }) => scenario))).toEqual(new Set(["edit_rate-5x"]));
      const allAsked = { ...asked, criteria: [criterion("quality", QUALITY)] };
      expect(reportRehearsal(allAsked, results.slice(-1)).answer).toContain("only asks a person");
    });

    it("has none where the strategy asks for none", () => {
      expect(reportRehearsal(judging("edit_rate", EDITS), edits).broken).toEqual([]);
    });
  });
});
