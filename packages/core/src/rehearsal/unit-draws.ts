import type { StickyUnits } from "../planning/sticky-units.ts";
import { UNIT_BUCKETS } from "../gate/unit-bucket.ts";
import type { Tally } from "./cell-tally.ts";
import type { DrawPlan } from "./draw-plan.ts";
import type { Random } from "./random.ts";
import { drawBinomial, drawGamma, drawMultinomial } from "./random.ts";

const EVEN_GROUPS: readonly number[] = Array.from({ length: UNIT_BUCKETS }, () => 1 / UNIT_BUCKETS);

/** Requests of so many units: a whole number that is right on average. */
export function requestsOfUnits(random: Random, units: number, requestsPerUnit: number): number {
  const exact = units * requestsPerUnit;
  const whole = Math.floor(exact);
  return whole + drawBinomial(random, 1, exact - whole);
}

/**
 * Adds the answers to so many new units of one arm, or the pairs of both, by group of units.
 *
 * Units are spread evenly over the 64 groups. What a group shows is Dirichlet-multinomial: with n answers
 * of units that make m requests each and correlate by r, a concentration of (n - 1)/((m - 1)r) - 1 gives
 * counts the variance n p(1 - p)(1 + (m - 1)r), which is what the planner multiplies by (Kish 1965). Of pairs
 * it is each two answers that a unit is given more or less often, so that each makes its own of the change.
 * Mosimann (1962), "On the compound multinomial distribution".
 */
export function drawUnitAnswers(
  random: Random,
  of: {
    readonly plan: DrawPlan;
    readonly side: "baseline" | "candidate" | "pairs";
    readonly units: number;
    readonly sticky: StickyUnits;
  },
  tally: Tally,
): void {
  const { plan, side, sticky } = of;
  const { shares, places } = plan[side];
  const groupSize = side === "pairs" ? plan.size ** 2 : plan.size;
  const excess = (sticky.requestsPerUnit - 1) * sticky.correlation;
  drawMultinomial(random, { count: of.units, shares: EVEN_GROUPS }, (bucket, units) => {
    const count = requestsOfUnits(random, units, sticky.requestsPerUnit);
    const own =
      count > 1 && excess > 0 ? groupShares(random, shares, (count - 1) / excess - 1) : shares;
    drawMultinomial(random, { count, shares: own }, (cell, drawn) => {
      tally.add(bucket * groupSize + (places[cell] as number), drawn);
    });
  });
}

/** Shares of one group: Dirichlet around those of all, by gammas. */
function groupShares(random: Random, shares: readonly number[], concentration: number): number[] {
  // A correlation of 1 leaves no concentration at all: a hair of it picks one bin, as it should.
  const whole = Math.max(concentration, 1e-3);
  const drawn: number[] = [];
  let total = 0;
  for (const share of shares) {
    const gamma = share > 0 ? drawGamma(random, share * whole) : 0;
    drawn.push(gamma);
    total += gamma;
  }
  if (!(total > 0)) return [...shares];
  for (let cell = 0; cell < drawn.length; cell += 1) drawn[cell] = (drawn[cell] as number) / total;
  return drawn;
}
