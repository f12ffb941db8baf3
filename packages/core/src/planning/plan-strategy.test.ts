import { describe, expect, it } from "vitest";
import type { Comparison } from "../gate/criterion.ts";
import { criterion } from "../gate/testing/builders.ts";
import { METRIC_CATALOGUE } from "../gate/metric-catalogue.ts";
import { rehearse } from "../rehearsal/rehearse.ts";
import type { Stage, Strategy } from "../rollout/strategy.ts";
import { HOUR, stage, strategy } from "../../test/rollout-builders.ts";
import type { PlanRow } from "./plan-strategy.ts";
import { planStrategy } from "./plan-strategy.ts";

const RATE = 3_600;
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

const plan = (of: Strategy, requestsPerHour = RATE) =>
  planStrategy({ strategy: of, metrics: METRIC_CATALOGUE, requestsPerHour });

const firstRow = (of: Strategy, requestsPerHour = RATE): PlanRow =>
  plan(of, requestsPerHour).stages[0]?.rows[0] as PlanRow;

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
  it.each([
    ["edit_rate", EDITS],
    ["correction_rate", CORRECTIONS],
    ["error_rate", ERRORS],
  ])("of %s foretells what the gate does when it is played", (metric, comparison) => {
    const stages = [lasting("canary", 48), lasting("ramp", 0, 10_000)];
    const medians = playedMedians(judging(metric, comparison, stages), `${metric}-2x`);
    const medianAt = (times: number): number => medians.get(`${metric}-${times}x`) ?? Number.NaN;
    const { hours } = firstRow(judging(metric, comparison, stages));
    const ratios = [
      (hours?.detectOnce.p50 ?? Number.NaN) / medianAt(1),
      (hours?.detectTwice.p50 ?? Number.NaN) / medianAt(2),
    ];
    // Medians of 50 are themselves off by a tenth, and looks are a minute and 4% apart.
    for (const ratio of ratios) {
      expect(ratio).toBeGreaterThan(0.6);
      expect(ratio).toBeLessThan(1.4);
    }
  });

  it("asks for more where the harm is smaller, the chance higher or the traffic less", () => {
    const { observations, hours } = firstRow(judging("edit_rate", EDITS));
    const needs = observations!;
    expect(needs.detectTwice.p80).toBeLessThan(needs.detectOnce.p80!);
    expect(needs.clear.p50).toBeLessThan(needs.clear.p80!);
    expect(needs.clear.p80).toBeLessThan(needs.clear.p95!);
    const slower = firstRow(judging("edit_rate", EDITS), RATE / 10);
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
});
