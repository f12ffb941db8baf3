import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mixGrid } from "./bet-grid.ts";
import { differenceInterval } from "./confidence-interval.ts";
import { rejectByEBenjaminiHochberg } from "./e-bh.ts";
import { exactDifferenceInterval, exactRatioInterval } from "./exact-interval.ts";
import { logWeightedAverage } from "./log-sum-exp.ts";
import { cleanObservationsNeeded } from "./one-sample.ts";
import { pairedBetLogs } from "./paired-bet.ts";
import { boundOf, rates } from "../planning/testing/single-test.ts";
import { designEffect } from "./power.ts";
import { quantileRanks } from "./quantile-interval.ts";
import { randomisedBetLogE } from "./randomised-bet.ts";
import type { EventCounts } from "./rate-ratio.ts";
import { rateRatioLogE, rateRatioStageLogs } from "./rate-ratio.ts";
import { rateInterval } from "./rate-interval.ts";
import { restartLogE } from "./restarts.ts";
import { sampleRatioLogE } from "./sample-ratio.ts";
import { seededRandom } from "./testing/e-process.ts";

const page = readFileSync(
  new URL("../../../../docs/statistics.md", import.meta.url),
  "utf8",
).replaceAll(/\s+/g, " ");

/**
 * Every text must stand in docs/statistics.md, white space aside: its numbers are what the code
 * gives.
 */
function expectOnPage(texts: readonly string[]): void {
  expect(texts.filter((text) => !page.includes(text))).toEqual([]);
}

/** Odds as the page writes them: two digits below 10, whole above, thousands with commas. */
function odds(logE: number): string {
  const value = Math.exp(logE);
  return value < 10
    ? value.toPrecision(2)
    : Math.round(value).toLocaleString("en-US", { maximumFractionDigits: 0 });
}

const whole = (value: number | null): string => (value ?? NaN).toLocaleString("en-US");
const points = (value: number): string => `${value > 0 ? "+" : ""}${(100 * value).toFixed(1)}`;

/** Smoothed by half an event each way. */
function rateVariance(events: number, n: number): number {
  const rate = (events + 0.5) / (n + 1);
  return (rate * (1 - rate)) / n;
}

const EDIT = { centre: 0.15, variance: 0.1275 };
const binary = (events: number, n: number) => ({ values: [0, 1], counts: [n - events, events] });
const editStage = {
  propensity: 0.1,
  candidate: binary(180, 1000),
  baseline: binary(1350, 9000),
};
const NO_MORE_EDITS = { ratio: 1, offset: 0, direction: 1 } as const;
/** Edits come late, so that points are a ratio at the expected 15%, and only edits count. */
const editRatio = (level: number, towards: number, direction: 1 | -1): number =>
  rateRatioLogE([errors(180, 1350)], {
    nullRatio: 1 + level / 0.15,
    designRatio: 1 + towards / 0.15,
    direction,
  });
const errorDesign = { nullRatio: 1, designRatio: 1.5, direction: 1 as const };
const errors = (candidateEvents: number, baselineEvents: number): EventCounts => ({
  propensity: 0.1,
  candidateEvents,
  baselineEvents,
});

describe("docs/statistics.md says what the code computes", () => {
  it("odds from errors alone", () => {
    const rows: readonly (readonly [number, number])[] = [
      [1, 9],
      [2, 10],
      [6, 24],
      [12, 48],
      [24, 96],
    ];
    expectOnPage(
      rows.map(
        ([candidate, baseline]) =>
          `| ${candidate} | ${baseline} | ${odds(rateRatioLogE([errors(candidate, baseline)], errorDesign))} |`,
      ),
    );
  });

  it("looking all the time: a peeked z-test against an e-process", () => {
    const runs = 400;
    let [peeked, even] = [0, 0];
    for (let run = 0; run < runs; run += 1) {
      const random = seededRandom(run + 1);
      const counts = { c: 0, ce: 0, b: 0, be: 0 };
      const alarms = { z: false, e: false };
      for (let look = 0; look < 96; look += 1) {
        for (let request = 0; request < 300; request += 1) {
          const event = random() < 0.15 ? 1 : 0;
          if (random() < 0.1) {
            counts.c += 1;
            counts.ce += event;
          } else {
            counts.b += 1;
            counts.be += event;
          }
        }
        const { c, ce, b, be } = counts;
        const pooled = (ce + be) / (c + b);
        const error = Math.sqrt(pooled * (1 - pooled) * (1 / c + 1 / b));
        alarms.z ||= (ce / c - be / b) / error > 1.645;
        const stage = { propensity: 0.1, candidate: binary(ce, c), baseline: binary(be, b) };
        const contrast = { ratio: 1, offset: 0, direction: 1 as const };
        alarms.e ||= randomisedBetLogE([stage], { ...EDIT, contrast, effect: 0.02 }) > Math.log(20);
      }
      peeked += alarms.z ? 1 : 0;
      even += alarms.e ? 1 : 0;
    }
    const share = (count: number): string => `${((100 * count) / runs).toFixed(1)}%`;
    expectOnPage([`z-test cried harm in ${share(peeked)}`, `e-process in ${share(even)}`]);
  });

  it("the two questions about an edit rate", () => {
    const ratio = rateRatioLogE([errors(180, 1350)], { ...errorDesign, designRatio: 0.17 / 0.15 });
    const harm = logWeightedAverage([
      { weight: 0.5, logValue: ratio },
      {
        weight: 0.5,
        logValue: randomisedBetLogE([editStage], {
          ...EDIT,
          contrast: NO_MORE_EDITS,
          effect: 0.02,
        }),
      },
    ]);
    const arms = {
      candidate: 0.18,
      baseline: 0.15,
      candidateVariance: rateVariance(180, 1000),
      baselineVariance: rateVariance(1350, 9000),
      covariance: 0,
    };
    const shown = differenceInterval(arms, { alpha: 0.05, designDistance: 0.02 });
    const exact = exactDifferenceInterval([editStage], { ...EDIT, effect: 0.02, alpha: 0.05 });
    expectOnPage([
      `| worse at all | ${odds(harm)} |`,
      `| worse by more than the hold level, 1pp | ${odds(editRatio(0.01, 0.02, 1))} |`,
      `| less than 8pp worse | ${odds(editRatio(0.08, 0, -1))} |`,
      `| less than 4pp worse | ${odds(editRatio(0.04, 0, -1))} |`,
      `| less than 2pp worse | ${odds(editRatio(0.02, 0, -1))} |`,
      `${points(shown.low)} to ${points(shown.high)} points (normal)`,
      `${points(exact.low)} to ${points(exact.high)} points (exact)`,
    ]);
  });

  it("a drifting baseline: stages apart and thrown together", () => {
    const stage = (propensity: number, candidate: number, baseline: number): EventCounts => ({
      propensity,
      candidateEvents: candidate,
      baselineEvents: baseline,
    });
    const logE = (stages: readonly EventCounts[]): number => rateRatioLogE(stages, errorDesign);
    const apart = odds(logE([stage(0.05, 50, 950), stage(0.5, 1000, 1000)]));
    const together = logE([stage(0.275, 1050, 1950)]) / Math.LN10;
    expectOnPage([`stage by stage ${apart} : 1`, `thrown together 10^${together.toFixed(0)} : 1`]);
  });

  it("slices: the average and who is named", () => {
    const slices = [900, 0.4, 1.2, 0.7, 0.5, 2.1, 0.3, 0.8];
    const harm = logWeightedAverage([
      { weight: 0.5, logValue: Math.log(1.6) },
      ...slices.map((e) => ({ weight: 0.5 / slices.length, logValue: Math.log(e) })),
    ]);
    expect(rejectByEBenjaminiHochberg(slices.map(Math.log), 0.05)).toEqual([0]);
    expectOnPage([`average ${odds(harm)} : 1`, `beyond ${whole(8 / 0.05)} : 1`]);
  });

  it("pairs", () => {
    const pairs = { candidate: [1, 0, 1, 0], baseline: [1, 1, 0, 0], counts: [20, 10, 30, 140] };
    const contrast = { ratio: 1, offset: 0, direction: 1 as const };
    const logE = mixGrid(pairedBetLogs(pairs, { contrast, effect: 0.1, variance: 0.2 }));
    expectOnPage([`30 against 10: odds ${odds(logE)} : 1`]);
  });

  it("late onset", () => {
    const block = (candidate: number, baseline: number): number[] =>
      rateRatioStageLogs(errors(candidate, baseline), errorDesign);
    const healthy = Array.from({ length: 12 }, () => block(3, 27));
    const blocks = [...healthy, ...Array.from({ length: 6 }, () => block(7, 27))];
    const plain = mixGrid(blocks[0]!.map((_, j) => blocks.reduce((sum, row) => sum + row[j]!, 0)));
    const restarted = restartLogE(blocks, 24);
    expectOnPage([`without restarts ${odds(plain)} : 1`, `with restarts ${odds(restarted)} : 1`]);
  });

  it("sticky users, zero tolerance and a wrong split", () => {
    const effect = designEffect(20, 0.3);
    const split = (candidate: number, n: number): string =>
      odds(sampleRatioLogE({ candidate, baseline: n - candidate, propensity: 0.1 }));
    const clean = rateInterval({ events: 0, observations: 3000 }, { alpha: 0.05, tOpt: 3000 });
    expectOnPage([
      `design effect is ${effect.toFixed(1)}`,
      `1,000 requests then say as much as ${Math.round(1000 / effect)}`,
      `${whole(cleanObservationsNeeded(1e-4, 0.05))} clean requests`,
      `at most ${(100 * clean.high).toFixed(2)}%`,
      `520 of 5,000 gives ${split(520, 5000)} : 1`,
      `600 of 5,000 gives ${split(600, 5000)} : 1`,
    ]);
  });

  it("the interval of a ratio", () => {
    const { low, high } = exactRatioInterval([errors(24, 96)], { alpha: 0.05, designStep: 1.5 });
    expectOnPage([`from ${low.toFixed(2)} to ${high.toFixed(1)} times`]);
  });

  it("from when on a quantile is bounded from above", () => {
    const firstBounded = (quantile: number): number => {
      const tuning = { quantile, alpha: 0.05, tOpt: 100 / (1 - quantile) };
      let count = 1;
      while (quantileRanks(count, tuning).highRank === null) count += 1;
      return count;
    };
    expectOnPage([
      `from ${whole(firstBounded(0.95))} requests on for a p95 and ${whole(firstBounded(0.99))} for a p99`,
    ]);
  });

  it("the planner", () => {
    const edits = (rise: number, question: "harm" | "safety") =>
      boundOf({
        metric: "edit_rate",
        comparison: { kind: "difference", hold: 0.01, rollback: 0.02 },
        question,
        test: "M3",
        arms: rates(0.15 + rise, 0.15),
        alpha: 0.05,
      });
    const lateEdits = boundOf({
      metric: "edit_rate",
      isLate: true,
      comparison: { kind: "difference", hold: 0.01, rollback: 0.02 },
      question: "safety",
      test: "M1",
      arms: rates(0.15, 0.15),
      alpha: 0.05,
    });
    const rate = (metric: string, times: number, base: number) =>
      boundOf({
        metric,
        comparison: { kind: "ratio", hold: 1.25, rollback: 1.5 },
        question: "harm",
        test: "M1",
        arms: rates(base * times, base),
        alpha: 0.05,
      });
    const row = (name: string, needed: ReturnType<typeof edits>): string =>
      `| ${name} | ${whole(needed.p50)} | ${whole(needed.p80)} | ${whole(needed.p95)} |`;
    expectOnPage([
      row("edit rate 15%, find +2pp", edits(0.02, "harm")),
      row("edit rate 15%, find +4pp", edits(0.04, "harm")),
      row("edit rate 15%, rule out +2pp when equal", edits(0, "safety")),
      row("the same, when edits are known late", lateEdits),
      row("correction rate 8%, find 2x", rate("correction_rate", 2, 0.08)),
      row("guardrail trips 0.2%, find 2x", rate("guardrail_trips", 2, 0.002)),
      row("guardrail trips 0.2%, find 10x", rate("guardrail_trips", 10, 0.002)),
    ]);
  });
});
