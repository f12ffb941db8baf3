import { createRandom } from "../../../server/src/backtest/traffic.ts";

/** Seeded draws of whole counts, so that an hour with a million requests costs as much as one with ten. */
export type Chance = {
  /** A whole number with this mean, the nearest ones on either side of it. */
  readonly whole: (mean: number) => number;
  readonly binomial: (trials: number, probability: number) => number;
  /** How many of the trials fall into each place, by the places' weights (they sum to 1). */
  readonly spread: (trials: number, weights: readonly number[]) => number[];
};

/** Above this variance a binomial is drawn from its normal limit; below it, by inversion. */
const NORMAL_FROM_VARIANCE = 25;

export function createChance(seed: number): Chance {
  const random = createRandom(seed);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

  const binomial = (trials: number, probability: number): number => {
    if (trials <= 0 || probability <= 0) return 0;
    if (probability >= 1) return trials;
    if (probability > 0.5) return trials - binomial(trials, 1 - probability);
    const mean = trials * probability;
    const variance = mean * (1 - probability);
    if (variance > NORMAL_FROM_VARIANCE) {
      const drawn = Math.round(mean + Math.sqrt(variance) * normal());
      return Math.min(trials, Math.max(0, drawn));
    }
    const ratio = probability / (1 - probability);
    let mass = (1 - probability) ** trials;
    let rest = random();
    let count = 0;
    while (rest > mass && count < trials) {
      rest -= mass;
      count += 1;
      mass *= (ratio * (trials - count + 1)) / count;
    }
    return count;
  };

  const spread = (trials: number, weights: readonly number[]): number[] => {
    let left = trials;
    let weightLeft = 1;
    return weights.map((weight) => {
      const count = binomial(left, weightLeft > 0 ? Math.min(1, weight / weightLeft) : 0);
      left -= count;
      weightLeft -= weight;
      return count;
    });
  };
  const whole = (mean: number): number => Math.floor(mean) + (random() < mean % 1 ? 1 : 0);
  return { whole, binomial, spread };
}
