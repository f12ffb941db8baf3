import { describe, expect, it } from "vitest";
import { normalContrastLogE } from "./normal-contrast.ts";
import { allowedCount, seededRandom } from "./testing/e-process.ts";

const DESIGN = { direction: 1 as const, effect: 0.04 };
const ALARM = Math.log(20);

describe("the normal mixture about a contrast", () => {
  it("is the same to either side", () => {
    const harm = normalContrastLogE({ estimate: 0.03, variance: 1e-4 }, DESIGN);
    const mirrored = { ...DESIGN, direction: -1 as const };
    expect(normalContrastLogE({ estimate: -0.03, variance: 1e-4 }, mirrored)).toBe(harm);
    expect(harm).toBeGreaterThan(normalContrastLogE({ estimate: 0.02, variance: 1e-4 }, DESIGN));
  });
});

describe("randomised per request, watched all the time (seeded)", () => {
  const RUNS = 200;
  /** Of each arm, and of both together: before that it says nothing. */
  const BURN_IN = { perArm: 50, events: 10 };

  /** Whether harm is alarmed within 6,000 requests at a share of 20% and a baseline rate of 8%. */
  function isAlarmed(seed: number, candidateRate: number): boolean {
    const random = seededRandom(seed);
    const [candidate, baseline] = [
      { n: 0, events: 0 },
      { n: 0, events: 0 },
    ];
    for (let request = 1; request <= 6000; request += 1) {
      const isCandidate = random() < 0.2;
      const arm = isCandidate ? candidate : baseline;
      arm.n += 1;
      if (random() < (isCandidate ? candidateRate : 0.08)) arm.events += 1;
      if (request % 50 !== 0) continue;
      const least = Math.min(candidate.n, baseline.n);
      if (least < BURN_IN.perArm || candidate.events + baseline.events < BURN_IN.events) continue;
      const seen = {
        estimate: candidate.events / candidate.n - baseline.events / baseline.n,
        variance: rateVariance(candidate) + rateVariance(baseline),
      };
      if (normalContrastLogE(seen, DESIGN) >= ALARM) return true;
    }
    return false;
  }
  const alarms = (candidateRate: number): number =>
    Array.from({ length: RUNS }, (_, run) => isAlarmed(run + 1, candidateRate)).filter(Boolean)
      .length;

  it("keeps false alarms at 5% after the burn-in, and finds half as much again", () => {
    expect(alarms(0.08)).toBeLessThanOrEqual(allowedCount(0.05, RUNS));
    expect(alarms(0.12)).toBeGreaterThan(0.8 * RUNS);
  });
});

/** Smoothed by half an event each way: a plug-in variance at the first looks makes 24% false alarms out of 5%. */
function rateVariance({ n, events }: { readonly n: number; readonly events: number }): number {
  const rate = (events + 0.5) / (n + 1);
  return (rate * (1 - rate)) / n;
}
