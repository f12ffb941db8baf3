import { describe, expect, it } from "vitest";
import type { GridStep, PlannedWalk } from "./power.ts";
import {
  contrastVariance,
  designEffect,
  gridWalks,
  normalWalks,
  observationsNeeded,
} from "./power.ts";
import { mixGrid } from "./bet-grid.ts";
import { rateLogs } from "./one-sample.ts";
import { randomisedBetLogE, randomisedBetStageLogs } from "./randomised-bet.ts";
import { seededRandom } from "./testing/e-process.ts";

const SHARE = 0.1;

/** Risk difference on an edit rate of 15%: null `offset`, aimed at `effect` beyond it. */
const editDesign = (offset: number, effect: number, direction: 1 | -1 = 1) => ({
  contrast: { ratio: 1, offset, direction },
  centre: 0.15,
  effect,
  variance: 0.1275,
});

/** Requests with an edit or without, of either arm, as the bet of M3 sees them. */
function editSteps(difference: number, design: ReturnType<typeof editDesign>): GridStep[] {
  const none = { values: [], counts: [] };
  return (["candidate", "baseline"] as const).flatMap((arm) =>
    [0, 1].map((edited) => {
      const rate = arm === "candidate" ? 0.15 + difference : 0.15;
      const seen = { values: [edited], counts: [1] };
      return {
        chance: (arm === "candidate" ? SHARE : 1 - SHARE) * (edited === 1 ? rate : 1 - rate),
        logs: randomisedBetStageLogs(
          { propensity: SHARE, candidate: none, baseline: none, [arm]: seen },
          design,
        ),
      };
    }),
  );
}

const editWalks = (
  difference: number,
  design: ReturnType<typeof editDesign>,
  { weight = 1, alpha = 0.05 } = {},
): readonly PlannedWalk[] =>
  gridWalks([{ weight, steps: editSteps(difference, design) }], {
    logThreshold: Math.log(1 / alpha),
    stepsPerObservation: 1 / SHARE,
    barrier: "alone",
  });

/** One arm's events against a limit. */
const limitWalks = (rate: number, nullRate: number): readonly PlannedWalk[] =>
  gridWalks(
    [
      {
        weight: 1,
        steps: [0, 1].map((events) => ({
          chance: events === 1 ? rate : 1 - rate,
          logs: rateLogs({ events, observations: 1 }, { nullRate, direction: 1 }),
        })),
      },
    ],
    { logThreshold: Math.log(20), stepsPerObservation: 1, barrier: "alone" },
  );

/** Observations until the log e-value reaches 20 : 1, checked every `batch`, over seeded runs. */
function passages(seed: number, step: (random: () => number) => boolean): boolean {
  return step(seededRandom(seed));
}

describe("planner against simulation", () => {
  const RUNS = 150;

  it("M3: about the planned share of runs is through by then, rather more than less", () => {
    const design = editDesign(0, 0.02);
    const needed = observationsNeeded(editWalks(0.06, design)).p80!;
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
    const needed = observationsNeeded(limitWalks(0.1, 0.05)).p80!;
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
  const plan = { designDistance: 0.02, tunedAlpha: 0.05, varianceTimesObservations: 0 };
  const variance = contrastVariance(
    { candidateVariance: 0.1275, baselineVariance: 0.1275 },
    1,
    SHARE,
  );

  it("the normal mixture needs about what the exact bet needs for a difference of means", () => {
    const walks = normalWalks({ ...plan, effect: 0.03, varianceTimesObservations: variance }, 0.05);
    const exact = observationsNeeded(editWalks(0.03, editDesign(0, 0.02)));
    const normal = observationsNeeded(walks);
    expect(normal.p80! / exact.p80!).toBeGreaterThan(0.7);
    expect(normal.p80! / exact.p80!).toBeLessThan(1.3);
  });

  it("more is needed for a higher chance, a smaller effect, and a share of an average", () => {
    const walks = editWalks(0.03, editDesign(0, 0.02));
    const needed = observationsNeeded(walks);
    expect(needed.p50).toBeLessThan(needed.p80!);
    expect(needed.p80).toBeLessThan(needed.p95!);
    const smaller = observationsNeeded(editWalks(0.02, editDesign(0, 0.02)));
    expect(smaller.p80).toBeGreaterThan(needed.p80!);
    const half = observationsNeeded(editWalks(0.03, editDesign(0, 0.02), { weight: 0.5 }));
    expect(half.p80).toBeGreaterThan(needed.p80!);
  });

  it("nothing is ever enough when the truth is at or inside the null", () => {
    const never = { p50: null, p80: null, p95: null };
    expect(observationsNeeded(editWalks(0, editDesign(0, 0.02)))).toEqual(never);
    expect(observationsNeeded(limitWalks(0.05, 0.05))).toEqual(never);
    const flat = { ...plan, effect: 0, varianceTimesObservations: variance };
    expect(observationsNeeded(normalWalks(flat, 0.05))).toEqual(never);
  });

  it("twenty sticky requests per user with correlation 0.3 are worth three", () => {
    const effect = designEffect(20, 0.3);
    expect(20 / effect).toBeCloseTo(2.985, 3);
  });

  it("slower bets that have grown with the best one bring the threshold nearer", () => {
    const steps = editSteps(0.04, editDesign(0, 0.02));
    const until = { logThreshold: Math.log(5), stepsPerObservation: 1 / SHARE };
    const needed = (barrier: "alone" | "shared") =>
      observationsNeeded(gridWalks([{ weight: 1, steps }], { ...until, barrier }));
    expect(needed("shared").p50!).toBeLessThan(0.8 * needed("alone").p50!);
  });
});
