import { describe, expect, it } from "vitest";
import { normalQuantile } from "./normal-quantile.ts";
import { logNormalCdf } from "./log-normal-cdf.ts";
import type { ObservationsNeeded, PlannedWalk } from "./power.ts";
import {
  contrastVariance,
  designEffect,
  normalWalks,
  observationsNeeded,
  oneSampleWalks,
  randomisedWalks,
  rateRatioWalks,
  shareOfAverage,
} from "./power.ts";
import { mixGrid } from "./bet-grid.ts";
import { rateLogs } from "./one-sample.ts";
import { randomisedBetLogE } from "./randomised-bet.ts";
import { seededRandom } from "./testing/e-process.ts";

const SHARE = 0.1;
const binary = (rate: number) => ({ values: [0, 1], counts: [1 - rate, rate] });

/** Risk difference on an edit rate of 15%: null `offset`, aimed at `effect` beyond it. */
const editDesign = (offset: number, effect: number, direction: 1 | -1 = 1) => ({
  contrast: { ratio: 1, offset, direction },
  centre: 0.15,
  effect,
  variance: 0.1275,
});

function editWalks(
  difference: number,
  design: ReturnType<typeof editDesign>,
  alpha = 0.05,
): PlannedWalk[] {
  const truth = {
    propensity: SHARE,
    candidate: binary(0.15 + difference),
    baseline: binary(0.15),
  };
  return randomisedWalks(design, truth, alpha);
}

const ratioWalks = (base: number, ratio: number, [nullRatio, designRatio]: [number, number]) =>
  rateRatioWalks(
    { nullRatio, designRatio, direction: designRatio > nullRatio ? 1 : -1 },
    { propensity: SHARE, candidate: base * ratio, baseline: base },
    0.05,
  );

/** Chance that a lognormal latency (σ = 0.7), scaled, exceeds the baseline's p95. */
const exceedance = (scale: number): number =>
  Math.exp(logNormalCdf(Math.log(scale) / 0.7 - normalQuantile(0.95)));

// The benchmark's planner table (statistics specification, section 4.2): canary requests for a
// chance of 50, 80 and 95%, from an independent implementation of the same bound.
const REFERENCE: readonly (readonly [string, PlannedWalk[], readonly [number, number, number]])[] =
  [
    ["edit rate 15%, +2pp", editWalks(0.02, editDesign(0, 0.02)), [2616, 4543, 7571]],
    ["edit rate 15%, +4pp", editWalks(0.04, editDesign(0, 0.02)), [713, 1236, 1938]],
    ["edit rate 15%, +10pp", editWalks(0.1, editDesign(0, 0.02)), [153, 243, 372]],
    ["second test at +3pp", editWalks(0.03, editDesign(0.01, 0.01), 0.2), [1850, 3577, 5790]],
    ["rule out +2pp", editWalks(0, editDesign(0.02, 0.02, -1)), [2632, 4705, 7848]],
    ["correction 8%, 1.5x", ratioWalks(0.08, 1.5, [1, 1.5]), [459, 807, 1360]],
    ["correction 8%, 5x", ratioWalks(0.08, 5, [1, 1.5]), [16, 27, 44]],
    ["rule out 1.5x at 8%", ratioWalks(0.08, 1, [1.5, 1]), [554, 926, 1491]],
    ["guardrail 0.2%, 2x", ratioWalks(0.002, 2, [1, 1.5]), [5244, 10_151, 15_226]],
    ["guardrail 0.2%, 10x", ratioWalks(0.002, 10, [1, 1.5]), [216, 357, 521]],
    ["rule out 5x at 0.2%", ratioWalks(0.002, 1, [5, 1]), [1087, 1699, 2576]],
    [
      "p95 latency, x1.2",
      ratioWalks(0.05, exceedance(1.2) / 0.05, [1, exceedance(1.1) / 0.05]),
      [453, 817, 1299],
    ],
  ];

const asList = (needed: ObservationsNeeded): readonly (number | null)[] => [
  needed.chance50,
  needed.chance80,
  needed.chance95,
];

describe("planner against the reference table", () => {
  for (const [name, walks, wanted] of REFERENCE) {
    it(`${name} within 10%`, () => {
      const planned = asList(observationsNeeded(walks)) as readonly number[];
      for (const [index, value] of wanted.entries()) {
        expect(Math.abs(planned[index]! / value - 1)).toBeLessThan(0.1);
      }
    });
  }
});

/** Observations until the log e-value reaches 20 : 1, checked every `batch`, over seeded runs. */
function passages(seed: number, step: (random: () => number) => boolean): boolean {
  return step(seededRandom(seed));
}

describe("planner against simulation", () => {
  const RUNS = 150;

  it("M3: about the planned share of runs is through by then, rather more than less", () => {
    const design = editDesign(0, 0.02);
    const needed = observationsNeeded(editWalks(0.06, design)).chance80!;
    let through = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const passed = passages(run + 1, (random) => {
        const candidate = [0, 0];
        const baseline = [0, 0];
        let seen = 0;
        while (seen < needed) {
          const isCandidate = random() < SHARE;
          const event = random() < (isCandidate ? 0.21 : 0.15) ? 1 : 0;
          const arm = isCandidate ? candidate : baseline;
          arm[event] = arm[event]! + 1;
          if (!isCandidate) continue;
          seen += 1;
          if (seen % 10 !== 0) continue;
          const stage = {
            propensity: SHARE,
            candidate: { values: [0, 1], counts: candidate },
            baseline: { values: [0, 1], counts: baseline },
          };
          if (randomisedBetLogE([stage], design) >= Math.log(20)) return true;
        }
        return false;
      });
      if (passed) through += 1;
    }
    expect(through / RUNS).toBeGreaterThan(0.7);
    expect(through / RUNS).toBeLessThan(0.95);
  });

  it("M4: likewise for one arm against a limit", () => {
    const design = { nullRate: 0.05, direction: 1 as const };
    const needed = observationsNeeded(oneSampleWalks(design, 0.1, 0.05)).chance80!;
    let through = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const passed = passages(500 + run, (random) => {
        let events = 0;
        for (let observations = 1; observations <= needed; observations += 1) {
          if (random() < 0.1) events += 1;
          if (mixGrid(rateLogs({ events, observations }, design)) >= Math.log(20)) return true;
        }
        return false;
      });
      if (passed) through += 1;
    }
    expect(through / RUNS).toBeGreaterThan(0.7);
    expect(through / RUNS).toBeLessThan(0.95);
  });
});

describe("planner", () => {
  const plan = { designDistance: 0.02, varianceTimesObservations: 0 };
  const variance = contrastVariance(
    { candidateVariance: 0.1275, baselineVariance: 0.1275 },
    1,
    SHARE,
  );

  it("the normal mixture needs about what the exact bet needs for a difference of means", () => {
    const walks = normalWalks({ ...plan, effect: 0.03, varianceTimesObservations: variance }, 0.05);
    const exact = observationsNeeded(editWalks(0.03, editDesign(0, 0.02)));
    const normal = observationsNeeded(walks);
    expect(normal.chance80! / exact.chance80!).toBeGreaterThan(0.7);
    expect(normal.chance80! / exact.chance80!).toBeLessThan(1.3);
  });

  it("more is needed for a higher chance, a smaller effect, and a share of an average", () => {
    const walks = editWalks(0.03, editDesign(0, 0.02));
    const needed = observationsNeeded(walks);
    expect(needed.chance50).toBeLessThan(needed.chance80!);
    expect(needed.chance80).toBeLessThan(needed.chance95!);
    const smaller = observationsNeeded(editWalks(0.02, editDesign(0, 0.02)));
    expect(smaller.chance80).toBeGreaterThan(needed.chance80!);
    const half = observationsNeeded(shareOfAverage(walks, 0.5));
    expect(half.chance80).toBeGreaterThan(needed.chance80!);
  });

  it("nothing is ever enough when the truth is at or inside the null", () => {
    const never = { chance50: null, chance80: null, chance95: null };
    expect(observationsNeeded(editWalks(0, editDesign(0, 0.02)))).toEqual(never);
    expect(observationsNeeded(ratioWalks(0.08, 0.9, [1, 1.5]))).toEqual(never);
    expect(
      observationsNeeded(oneSampleWalks({ nullRate: 0.05, direction: 1 }, 0.05, 0.05)),
    ).toEqual(never);
    const flat = { ...plan, effect: 0, varianceTimesObservations: variance };
    expect(observationsNeeded(normalWalks(flat, 0.05))).toEqual(never);
  });

  it("twenty sticky requests per user with correlation 0.3 are worth three", () => {
    const effect = designEffect(20, 0.3);
    expect(20 / effect).toBeCloseTo(2.985, 3);
    const walks = editWalks(0.03, editDesign(0, 0.02));
    const ratio = observationsNeeded(walks, effect).chance80! / observationsNeeded(walks).chance80!;
    expect(ratio).toBeCloseTo(effect, 2);
  });
});
