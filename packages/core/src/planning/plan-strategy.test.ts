import { describe, expect, it } from "vitest";
import type { Comparison, Criterion } from "../gate/criterion.ts";
import { criterion } from "../gate/testing/builders.ts";
import { METRIC_CATALOGUE } from "../gate/metric-catalogue.ts";
import { rehearse } from "../rehearsal/rehearse.ts";
import type { Stage, Strategy } from "../rollout/strategy.ts";
import { HOUR, stage, strategy } from "../../test/rollout-builders.ts";
import type { PlanInput, PlanRow } from "./strategy-plan.ts";
import { planStrategy } from "./plan-strategy.ts";

const RATE = 3_600;
/** Fifty rollouts by blocks or by groups take seconds, and on a busy machine a minute. */
const MOST_TEST_MS = 120_000;
const EDITS: Comparison = { kind: "difference", hold: 0.01, rollback: 0.02 };
const CORRECTIONS: Comparison = { kind: "ratio", hold: 1.25, rollback: 1.5 };
const QUALITY: Comparison = { kind: "relative", hold: 0.05, rollback: 0.1 };
const ERRORS: Comparison = { kind: "limit", hold: null, rollback: 0.05 };

const lasting = (kind: "shadow" | "canary" | "ramp" | "verify", hours: number, share?: number) =>
  stage(kind, {
    ...(share === undefined ? {} : { shareBps: share }),
    least: { durationSeconds: hours * HOUR, observations: 0, need: "both" },
  });

const judging = (
  metric: string,
  comparison: Comparison,
  stages: readonly Stage[] = [lasting("canary", 24)],
): Strategy => ({ ...strategy(stages), criteria: [criterion(metric, comparison)] });

const plan = (of: Strategy, requestsPerHour = RATE, parts: Partial<PlanInput> = {}) =>
  planStrategy({ strategy: of, metrics: METRIC_CATALOGUE, requestsPerHour, ...parts });

/** The same metrics, with every number there at once. */
const PROMPT = METRIC_CATALOGUE.map((metric) => ({
  ...metric,
  expectedDelaySeconds: 0,
}));

const firstRow = (of: Strategy, requestsPerHour = RATE, parts: Partial<PlanInput> = {}): PlanRow =>
  plan(of, requestsPerHour, parts).stages[0]?.rows[0] as PlanRow;

/** Median hours until a candidate that does no harm is promoted. */
function playedHoursToClear(of: Strategy): number {
  const [harmless] = rehearse({
    strategy: of,
    metrics: PROMPT,
    requestsPerHour: RATE,
    repetitions: 40,
    seed: 3,
  });
  return harmless?.medianHoursToPromote ?? Number.NaN;
}

/** Median hours to rollback by scenario, up to and with the last one asked for. */
function playedMedians(of: Strategy, last: string): Map<string, number | null> {
  const medians = new Map<string, number | null>();
  const played = rehearse({
    strategy: of,
    metrics: METRIC_CATALOGUE,
    requestsPerHour: RATE,
    repetitions: 50,
    seed: 11,
  });
  for (const { scenario, hoursToRollback } of played) {
    medians.set(scenario.id, hoursToRollback.median);
    if (scenario.id === last) break;
  }
  return medians;
}

describe("a plan", () => {
  it.each<[string, Comparison, Partial<Strategy>, Partial<Criterion>]>([
    ["edit_rate", EDITS, {}, {}],
    ["correction_rate", CORRECTIONS, {}, {}],
    ["error_rate", ERRORS, {}, {}],
    ["error_rate", ERRORS, {}, { overSeconds: 900 }],
    ["edit_rate", EDITS, { unit: "user" }, {}],
    ["correction_rate", CORRECTIONS, { unit: "user" }, {}],
    ["error_rate", ERRORS, { unit: "user" }, {}],
    ["quality", { kind: "relative", hold: 0.025, rollback: 0.05 }, { unit: "user" }, {}],
  ])(
    "of %s foretells what the gate does when it is played (%j, %j, %j)",
    (...of) => {
      const [metric, comparison, parts, criterionParts] = of;
      const stages = [lasting("canary", 96), lasting("ramp", 0, 10_000)];
      const criteria = [criterion(metric, comparison, criterionParts)];
      const judged = { ...judging(metric, comparison, stages), ...parts, criteria };
      const medians = playedMedians(judged, `${metric}-2x`);
      const medianAt = (times: number): number => medians.get(`${metric}-${times}x`) ?? Number.NaN;
      const { hours } = firstRow(judged);
      const ratios = [
        (hours?.detectOnce.p50 ?? Number.NaN) / medianAt(1),
        (hours?.detectTwice.p50 ?? Number.NaN) / medianAt(2),
      ];
      // Medians of 50 are themselves off by a tenth, and looks are a minute and 4% apart.
      for (const ratio of ratios) {
        expect(ratio).toBeGreaterThan(0.6);
        expect(ratio).toBeLessThan(1.4);
      }
    },
    MOST_TEST_MS,
  );

  it.each<[string, Comparison, number | null]>([
    ["edit_rate", { kind: "difference", hold: 0.02, rollback: 0.05 }, null],
    ["correction_rate", CORRECTIONS, null],
    ["error_rate", ERRORS, null],
    // One answer in a thousand: safe long before thirty have failed.
    ["error_rate", ERRORS, 0.001],
    ["format_valid", { kind: "difference", hold: 0.01, rollback: 0.03 }, null],
  ])(
    "of %s by user foretells when a good candidate is let through (%j, %j)",
    (metric, comparison, expected) => {
      const judged: Strategy = {
        ...judging(metric, comparison, [lasting("canary", 0), lasting("ramp", 0, 10_000)]),
        unit: "user",
        ...(expected === null ? {} : { expected: { [metric]: expected } }),
      };
      const planned = firstRow(judged, RATE, { metrics: PROMPT }).hours?.clear.p50 ?? Number.NaN;
      const ratio = planned / playedHoursToClear({ ...judged, stages: judged.stages.slice(0, 1) });
      expect(ratio).toBeGreaterThan(0.6);
      expect(ratio).toBeLessThan(1.4);
    },
    MOST_TEST_MS,
  );

  it("asks for more where the harm is smaller, the chance higher or the traffic less", () => {
    const prompt = { metrics: PROMPT };
    const { observations, hours } = firstRow(judging("edit_rate", EDITS), RATE, prompt);
    const needs = observations!;
    expect(needs.detectTwice.p80).toBeLessThan(needs.detectOnce.p80!);
    expect(needs.clear.p50).toBeLessThan(needs.clear.p80!);
    expect(needs.clear.p80).toBeLessThan(needs.clear.p95!);
    const slower = firstRow(judging("edit_rate", EDITS), RATE / 10, prompt);
    expect(slower.observations).toEqual(observations);
    expect(slower.hours?.clear.p80).toBeCloseTo(10 * hours!.clear.p80!);
  });

  it("warns of a canary too small, with a share that is enough", () => {
    const tooSmall = plan(judging("edit_rate", EDITS, [lasting("canary", 24, 100)]));
    expect(tooSmall.isDecidable).toBe(false);
    const row = tooSmall.stages[0]?.rows[0] as PlanRow;
    expect(row.status).toBe("too_little");
    expect(tooSmall.warnings[0]).toContain("Enough: a share of");
    const { shareBps } = row.enough!;
    const enough = plan(judging("edit_rate", EDITS, [lasting("canary", 24, shareBps!)]));
    expect(enough.isDecidable).toBe(true);
    const oneLess = plan(judging("edit_rate", EDITS, [lasting("canary", 24, shareBps! - 100)]));
    expect(oneLess.isDecidable).toBe(false);
  });

  it("takes the longest duration as the time there is, where there is one", () => {
    const short = lasting("canary", 1);
    expect(plan(judging("quality", QUALITY, [short])).isDecidable).toBe(false);
    const long = { ...short, mostSeconds: 7 * 24 * HOUR };
    expect(plan(judging("quality", QUALITY, [long])).isDecidable).toBe(true);
  });

  it("says that nobody edits a shadow copy", () => {
    const shadowFirst = plan(
      judging("edit_rate", EDITS, [lasting("shadow", 24), lasting("canary", 72)]),
    );
    expect(shadowFirst.stages.map(({ rows }) => rows[0]?.status)).toEqual([
      "never_seen",
      "decidable",
    ]);
    expect(shadowFirst.warnings).toHaveLength(1);
  });

  it("lets earlier stages decide where a stage compares nothing", () => {
    const whole = plan(judging("quality", QUALITY, [lasting("canary", 24), lasting("verify", 24)]));
    expect(whole.stages[1]?.rows[0]?.status).toBe("decided_before");
    const only = plan(judging("quality", QUALITY, [lasting("verify", 24)]));
    expect(only.stages[0]?.rows[0]?.status).toBe("never_seen");
  });

  it("cannot judge costs without knowing what the baseline costs", () => {
    const cost: Comparison = { kind: "relative", hold: 0.05, rollback: 0.1 };
    expect(firstRow(judging("cost_per_call", cost)).status).toBe("unsupported");
    const metrics = METRIC_CATALOGUE.map((metric) =>
      metric.name === "cost_per_call" ? { ...metric, expected: { value: 0.01 } } : metric,
    );
    const known = planStrategy({
      strategy: judging("cost_per_call", cost),
      metrics,
      requestsPerHour: RATE,
    });
    expect(known.stages[0]?.rows[0]?.observations).not.toBeNull();
  });

  it("plans each slice from its own share, and all traffic at half the weight", () => {
    const sliced: Strategy = {
      ...judging("quality", QUALITY),
      criteria: [criterion("quality", QUALITY, { perSlice: true })],
    };
    const slices = [{ name: "kind=rare", share: 0.1 }];
    const rows = planStrategy({
      strategy: sliced,
      metrics: METRIC_CATALOGUE,
      requestsPerHour: RATE,
      slices,
    }).stages[0]!.rows;
    expect(rows.map(({ slice }) => slice)).toEqual(["*", "kind=rare"]);
    const [whole, rare] = rows;
    expect(rare!.hours!.clear.p80).toBeCloseTo(10 * whole!.hours!.clear.p80!);
    const alone = firstRow(judging("quality", QUALITY));
    expect(whole!.observations!.detectOnce.p80).toBeGreaterThan(
      alone.observations!.detectOnce.p80!,
    );
  });

  it("of zero tolerance counts clean answers, by the rule of three", () => {
    const row = firstRow(
      judging("leak", { kind: "zero_tolerance", maximumRate: 0.001 }, [
        lasting("canary", 24),
        lasting("ramp", 24, 10_000),
      ]),
    );
    expect(row.observations!.clear.p80! * 0.001).toBeCloseTo(3, 1);
    expect(row.observations!.detectOnce.p50! * 0.001).toBeCloseTo(Math.LN2, 2);
  });

  describe("tells the truth about", () => {
    const DAY = 24 * HOUR;
    const of = (parts: Partial<Criterion>, stages?: readonly Stage[]): Strategy => ({
      ...judging("edit_rate", EDITS, stages),
      criteria: [criterion("edit_rate", EDITS, parts)],
    });

    it("labels that come late: only events count, and the hours include the wait", () => {
      const late = firstRow(of({}));
      const { observations } = firstRow(of({}), RATE, { metrics: PROMPT });
      // Edits by themselves say 1 - 15% of what they say together with answers that were not edited.
      const more = late.observations!.clear.p80! / observations!.clear.p80!;
      expect(more).toBeGreaterThan(1.1);
      expect(more).toBeLessThan(1.3);
      const { observations: needs, observationsPerHour, hours } = late;
      expect(hours!.detectOnce.p80).toBeCloseTo(needs!.detectOnce.p80! / observationsPerHour + 0.5);
      // With traffic enough to know at once, half of the requests must still be old enough.
      expect(firstRow(of({}), RATE * 1_000).hours!.clear.p95).toBe(1);
    });

    it("a window: what it does not let count is never known, and no time is enough", () => {
      const stages = [lasting("canary", 72), lasting("ramp", 24), lasting("verify", 24)];
      expect(firstRow(of({}, stages)).hours!.detectOnce.p80).toBeGreaterThan(13);
      const short = plan(of({ withinSeconds: 16 * HOUR }, stages));
      const row = short.stages[0]?.rows[0];
      expect(row).toMatchObject({ status: "too_little", hours: { detectOnce: { p80: null } } });
      expect(row?.enough).toMatchObject({ hours: null, shareBps: expect.any(Number) });
      expect(short.warnings[0]).toContain("needs more than the 16 hours for which requests count");
      const long = plan(of({ withinSeconds: 4 * DAY }, stages));
      expect(long.stages.map(({ rows }) => rows[0]?.status)).toEqual([
        "decidable",
        "decidable",
        "decided_before",
      ]);
      // The window of three days is over when the second stage begins.
      const over = plan(of({ withinSeconds: 3 * DAY }, stages));
      expect(over.stages[1]?.rows[0]).toMatchObject({
        status: "decided_before",
        observationsPerHour: 0,
      });
    });

    it("a window that is over: a later stage has a narrower margin, and may never be left", () => {
      const stages = [
        lasting("canary", 48, 1_000),
        lasting("ramp", 24, 2_500),
        lasting("verify", 24, 10_000),
      ];
      // One point is to be ruled out before all get it, and two before a quarter does.
      const comparison: Comparison = { ...EDITS, margin: 0.01 };
      const window = { comparison, withinSeconds: 48 * HOUR };
      const quiet = plan(of(window, stages), RATE * 0.9);
      expect(quiet.stages.map(({ rows }) => rows[0]?.status)).toEqual([
        "decidable",
        "too_little",
        "too_little",
      ]);
      expect(quiet.warnings[0]).toContain("the 2 days for which requests count are over");
      const busy = plan(of(window, stages), RATE * 4);
      expect(busy.stages.map(({ rows }) => rows[0]?.status)).toEqual([
        "decidable",
        "decided_before",
        "decided_before",
      ]);
      expect(busy.warnings).toEqual([]);
    });

    it("restarts: harm from the first minute costs a factor of two", () => {
      const whole = firstRow(of({})).observations!;
      const restarted = firstRow(of({ overSeconds: 900 })).observations!;
      expect(restarted.detectOnce.p50! / whole.detectOnce.p50!).toBeGreaterThan(1.05);
      expect(restarted.detectOnce.p50! / whole.detectOnce.p50!).toBeLessThan(1.5);
      expect(restarted.clear).toEqual(whole.clear);
    });

    it("units that return: more answers by the design effect, and never before its burn-in", () => {
      const byUser: Strategy = { ...of({}), unit: "user" };
      const usual = plan(byUser);
      expect(usual.units).toEqual({ unit: "user", requestsPerUnit: 10, correlation: 0.1 });
      const clearOf = (requestsPerUnit: number, correlation: number): number =>
        firstRow(byUser, RATE, { stickyUnits: { requestsPerUnit, correlation } }).observations!
          .clear.p80!;
      const single = clearOf(1, 0);
      // Looks are 4% apart, in a plan as in a rehearsal.
      expect(Math.abs(clearOf(10, 0.1) / single / 1.9 - 1)).toBeLessThan(0.04);
      expect(Math.abs(clearOf(20, 0.3) / single / 6.7 - 1)).toBeLessThan(0.04);
      // Of single answers the normal test needs about what the bets do.
      const byRequest = firstRow(of({})).observations!.clear.p80!;
      expect(Math.abs(single / byRequest - 1)).toBeLessThan(0.25);
      // 41 users fill 30 of the 64 groups; of the feature's own unit, too.
      const many = { requestsPerUnit: 1_000, correlation: 0 };
      const least = firstRow(of({}), RATE, { unit: "tenant", stickyUnits: many }).observations!;
      expect(least.detectTwice.p50).toBe(41_000);
    });

    it("stages that ask for no proof: they can be left without", () => {
      const [canary, ramp] = [lasting("canary", 1, 100), lasting("ramp", 24, 10_000)];
      const criteria = [criterion("edit_rate", EDITS), criterion("quality", QUALITY)];
      const stages = [
        { ...lasting("shadow", 72), prove: ["quality"] },
        { ...canary, prove: [] },
      ];
      const asked = plan({ ...strategy([...stages, ramp]), criteria });
      const statuses = asked.stages.map(({ rows }) => rows.map(({ status }) => status));
      expect(statuses).toEqual([
        ["not_asked", "decidable"],
        ["not_asked", "not_asked"],
        ["decided_before", "decided_before"],
      ]);
      expect(asked.warnings).toEqual([]);
    });

    it("criteria under review: only where they are named, sooner, and in no average", () => {
      const criteria = [criterion("edit_rate", EDITS), criterion("quality", QUALITY)];
      const stages = [{ ...lasting("canary", 24), review: ["edit_rate"] }, lasting("ramp", 24)];
      const reviewed = plan({ ...strategy(stages), criteria });
      const rows = reviewed.stages.map((part) => part.rows.map(({ criterionId }) => criterionId));
      expect(rows).toEqual([["edit_rate", "quality"], ["quality"]]);
      const [edits, quality] = reviewed.stages[0]!.rows;
      const plain = [lasting("canary", 24), lasting("ramp", 24)];
      expect(quality!.observations).toEqual(
        firstRow(judging("quality", QUALITY, plain)).observations,
      );
      const alone = firstRow(judging("edit_rate", EDITS, plain)).observations!;
      expect(edits!.isReview).toBe(true);
      expect(edits!.observations!.detectOnce.p80).toBeLessThan(alone.detectOnce.p80!);
      expect(edits!.observations!.clear).toEqual(alone.clear);
    });

    it("a limit under review is decidable once a good change is cleared, however near its level", () => {
      const limit: Comparison = { kind: "limit", hold: 0.15, rollback: 0.151 };
      const lasts = { ...lasting("shadow", 24), shadowBps: 10_000 };
      const asked = { ...lasts, review: ["disagreement"] };
      const rowOf = (stages: readonly Stage[]) => firstRow(judging("disagreement", limit, stages));
      expect(rowOf([lasts]).status).toBe("too_little");
      expect(rowOf([asked]).status).toBe("decidable");
    });

    it("what the strategy expects of the baseline", () => {
      const metrics = METRIC_CATALOGUE.map((metric) =>
        metric.name === "edit_rate" ? { ...metric, expected: { value: 0.03 } } : metric,
      );
      const known = firstRow({ ...of({}), expected: { edit_rate: 0.03 } }).observations;
      expect(known).toEqual(firstRow(of({}), RATE, { metrics }).observations);
      expect(known).not.toEqual(firstRow(of({})).observations);
    });

    it("a baseline that is beyond the limit itself: nothing is enough, so say what it shows", () => {
      const { warnings } = plan(judging("divergence", { ...ERRORS, rollback: 0.04 }));
      expect(warnings[0]).toContain("Nothing would be enough");
      expect(warnings[0]).toContain("--baseline divergence=...");
    });

    it("a level that cannot be reached from a guess: once for all stages, with what is possible", () => {
      const far: Comparison = { kind: "difference", hold: 0.495, rollback: 0.99 };
      const stages = [lasting("canary", 24), lasting("verify", 24)];
      const { warnings, isDecidable, stages: planned } = plan(judging("edit_rate", far, stages));
      expect(isDecidable).toBe(false);
      expect(planned[0]?.rows[0]?.status).toBe("unsupported");
      expect(warnings).toEqual([
        "edit_rate can never take a candidate back: its level of 99 points with the baseline at 15% (a guess; say with --baseline edit_rate=... what it shows) is 114%, which cannot be reached. Write less than 85 points.",
      ]);
    });

    it("many slices: one warning for all, of the rarest", () => {
      const criteria = [criterion("quality", QUALITY, { perSlice: true })];
      const slices = [0.001, 0.0005, 0.002].map((share) => ({ name: `kind=${share}`, share }));
      const { warnings } = plan({ ...judging("quality", QUALITY), criteria }, RATE, { slices });
      expect(warnings).toEqual([expect.stringContaining("quality on kind=0.0005 in canary")]);
      expect(warnings[0]).toContain("So it is of 2 more slices.");
    });
  });
});
