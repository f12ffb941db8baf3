import type { GateReport } from "@spillway/contract";
import { describe, expect, test } from "vitest";
import { ROLLOUTS } from "../../../test/fixture-rollouts.ts";
import { gateRows } from "./gate-rows.ts";
import { scaleOf } from "./interval-scale.ts";

const held = ROLLOUTS.find(({ state }) => state === "held");
if (held?.report === null || held === undefined)
  throw new Error("The fixture has no held rollout.");
const report: GateReport = held.report;
const rows = gateRows(report, held.strategyDetail);

describe("gateRows", () => {
  test("the worst criterion comes first, doubt before ease", () => {
    expect(rows.overall.map(({ light }) => light)).toEqual([
      "hold",
      "inconclusive",
      "inconclusive",
      "pass",
      "pass",
    ]);
    expect(rows.slices[0]).toMatchObject({ slice: "channel=email", light: "hold" });
  });

  test("an error is an error and silence is no data, not one and the same doubt", () => {
    expect(rows.slices.find(({ slice }) => slice === "language=fr")?.light).toBe("error");
    expect(rows.overall.find(({ criterion }) => criterion === "correction_rate")).toMatchObject({
      light: "inconclusive",
      word: "No data",
      harmOdds: null,
    });
  });

  test("a row can be read in one pass: harm, interval, n, verdict, lines", () => {
    expect(rows.overall[0]?.spoken).toBe(
      "edit_rate: harm +1.3 points, 95% +0.2 to +2.5 points, 7,310 / 812: hold. Hold line +1.0 points, rollback line +2.0 points, margin +1.0 points.",
    );
  });
});

describe("scaleOf", () => {
  const levels = { hold: 0.05, rollback: 0.1, margin: 0.2 };

  test("harm grows to the right and the lines stand in order", () => {
    const verdict = { estimate: 0.03, interval: { low: 0.01, high: 0.06 }, levels };
    const scale = scaleOf({ peers: [verdict], verdict, zero: 0 });
    const places = [scale.zero, scale.low, scale.estimate, scale.hold, scale.high, scale.rollback];
    expect(places).toEqual(places.toSorted((a, b) => (a ?? 0) - (b ?? 0)));
  });

  test("an interval far beyond the lines is cut, and says so", () => {
    const verdict = { estimate: 0.2, interval: { low: -4, high: 9 }, levels };
    const scale = scaleOf({ peers: [verdict], verdict, zero: 0 });
    expect(scale).toMatchObject({ low: 0, high: 1, isCutLeft: true, isCutRight: true });
  });

  test("slices of a criterion share one scale", () => {
    const near = { estimate: 0.01, interval: { low: 0, high: 0.02 }, levels };
    const far = { estimate: 0.2, interval: { low: 0.1, high: 0.3 }, levels };
    const of = (verdict: typeof near) => scaleOf({ peers: [near, far], verdict, zero: 0 });
    expect(of(near).rollback).toBe(of(far).rollback);
  });

  test("an early stage's margin beyond the rollback line is on the bar", () => {
    const verdict = { estimate: 0.01, interval: { low: 0, high: 0.02 }, levels };
    const { rollback, margin } = scaleOf({ peers: [verdict], verdict, zero: 0 });
    expect(margin).toBeGreaterThan(rollback);
    expect(margin).toBeLessThan(1 + Number.EPSILON);
  });
});
