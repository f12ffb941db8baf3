import type { MetricDefinition } from "@spillway/core";
import { binOfValue } from "@spillway/core";
import { drawGamma, seededRandom } from "./random.ts";

/** Shares of one arm's observations by bin of the metric; they sum to 1. */
export type Distribution = ReadonlyMap<number, number>;

const TOP_BIN = 100;

export function eventRate(rate: number): Distribution {
  return new Map([
    [0, 1 - rate],
    [TOP_BIN, rate],
  ]);
}

/** A mixture of two distributions. */
export function mixture(first: Distribution, second: Distribution, share: number): Distribution {
  const mixed = new Map<number, number>();
  for (const [bin, part] of first) mixed.set(bin, part * (1 - share));
  for (const [bin, part] of second) mixed.set(bin, (mixed.get(bin) ?? 0) + part * share);
  return mixed;
}

export type LogNormal = {
  /** Mean of ln x. */
  readonly location: number;
  /** Standard deviation of ln x. */
  readonly sigma: number;
};

/** A lognormal variable on the logarithmic bins of a metric, by midpoints of a fine grid. */
export function logNormalBins(
  metric: MetricDefinition,
  { location, sigma }: LogNormal,
): Distribution {
  const step = 1 / 400;
  const shares = new Map<number, number>();
  let total = 0;
  for (let z = -7; z < 7; z += step) {
    const share = Math.exp((-z * z) / 2);
    const bin = binOfValue(metric, Math.exp(location + sigma * z)) as number;
    shares.set(bin, (shares.get(bin) ?? 0) + share);
    total += share;
  }
  return new Map([...shares].map(([bin, share]) => [bin, share / total]));
}

/** A Beta score in [0, 1] with a mean and a standard deviation, on bins of 0.01, from fixed draws. */
export function betaBins(mean: number, deviation: number): Distribution {
  const size = (mean * (1 - mean)) / (deviation * deviation) - 1;
  const random = seededRandom(`beta ${mean} ${deviation}`);
  const draws = 400_000;
  const shares = new Map<number, number>();
  for (let draw = 0; draw < draws; draw += 1) {
    const [left, right] = [drawGamma(random, mean * size), drawGamma(random, (1 - mean) * size)];
    const bin = Math.round((left / (left + right)) * TOP_BIN);
    shares.set(bin, (shares.get(bin) ?? 0) + 1 / draws);
  }
  return shares;
}

/** The mean of a function of the bins. */
export function meanOf(distribution: Distribution, of: (bin: number) => number): number {
  let sum = 0;
  for (const [bin, share] of distribution) sum += share * of(bin);
  return sum;
}
