import { logScaledLowerGamma, logScaledUpperGamma } from "./incomplete-gamma.ts";
import type { MixtureTuning, NormalSum } from "./normal-mixture.ts";
import { bisectIncreasing, normalMixtureRho } from "./normal-mixture.ts";

/**
 * A gamma mixture for sums whose steps are skewed. `scale` (c > 0, unit of the sum) is how far the
 * tail reaches beyond a normal one: for the empirical Bernstein process, the range of one step.
 */
export type GammaMixture = { readonly rho: number; readonly scale: number };

/** One-sided; tuned like the one-sided normal mixture. */
export function gammaMixture(tuning: MixtureTuning, scale: number): GammaMixture {
  return { rho: normalMixtureRho(tuning, "one_sided"), scale };
}

/**
 * Log e-value of a sub-exponential sum with tail scale c, e.g. empirical Bernstein for bounded
 * outcomes: s = Σ(x_i - null), v = Σ(x_i - prediction_i)².
 *
 * Howard, Ramdas, McAuliffe and Sekhon (2021), proposition 8, with all large parts collected: for
 * g(a, x) = γ(a, x) e^x x^(-a), r = ρ/c², A = (v + ρ)/c² and X = A + s/c it is ln g(A, X) - ln g(r,
 * r).
 */
export function gammaExponentialLogE({ s, v }: NormalSum, { rho, scale }: GammaMixture): number {
  const prior = rho / (scale * scale);
  const shape = (v + rho) / (scale * scale);
  return logScaledLowerGamma(shape, shape + s / scale) - logScaledLowerGamma(prior, prior);
}

/**
 * Log e-value of a centred and scaled Poisson sum: s = c(count - expected), v = c² · expected.
 *
 * Howard et al. (2021), proposition 9, collected as above with
 * G(a, x) = Γ(a, x) e^x x^(-a): ln G(s/c + (v + ρ)/c², (v + ρ)/c²) - ln G(ρ/c², ρ/c²).
 */
export function gammaPoissonLogE({ s, v }: NormalSum, { rho, scale }: GammaMixture): number {
  const prior = rho / (scale * scale);
  const shape = (v + rho) / (scale * scale);
  return logScaledUpperGamma(shape + s / scale, shape) - logScaledUpperGamma(prior, prior);
}

/** The boundary that the sum stays below with probability 1 - alpha at all times. */
export function gammaExponentialBound(v: number, alpha: number, mixture: GammaMixture): number {
  return boundary((s) => gammaExponentialLogE({ s, v }, mixture), { v, alpha });
}

/** The same for the gamma-Poisson mixture. */
export function gammaPoissonBound(v: number, alpha: number, mixture: GammaMixture): number {
  return boundary((s) => gammaPoissonLogE({ s, v }, mixture), { v, alpha });
}

function boundary(
  logE: (s: number) => number,
  at: { readonly v: number; readonly alpha: number },
): number {
  const threshold = Math.log(1 / at.alpha);
  // Doubling from the standard deviation: the boundary is a few of them, more for heavy tails.
  let high = Math.sqrt(at.v) + 1;
  for (let step = 0; step < 100 && logE(high) < threshold; step += 1) high *= 2;
  return bisectIncreasing((s) => logE(s) - threshold, { low: 0, high });
}
