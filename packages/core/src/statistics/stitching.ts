import { bisectIncreasing } from "./normal-mixture.ts";
import { riemannZeta } from "./riemann-zeta.ts";

/** How a stitched boundary spreads its error over epochs of geometrically growing length. */
export type Epochs = {
  /** Exponent of the error spent per epoch, > 1; 1.4 in the authors' examples. */
  readonly s: number;
  /** Length of an epoch over the one before, > 1; 2 in the authors' examples. */
  readonly eta: number;
};

const factors = (eta: number): { readonly root: number; readonly linear: number } => ({
  root: (eta ** 0.25 + eta ** -0.25) / Math.SQRT2,
  linear: (Math.sqrt(eta) + 1) / 2,
});

/**
 * Polynomial stitching: a boundary of iterated-logarithm rate for sub-gamma sums of tail scale c,
 * valid from intrinsic time vMin on (before it the boundary is that of vMin). Closed form, hence
 * cheap; a little wider than a mixture near the time that the mixture is tuned for.
 *
 * Howard et al. (2021), theorem 1 and equation 10.
 */
export function polyStitchingBound(
  v: number,
  alpha: number,
  shape: Epochs & { readonly vMin: number; readonly c: number },
): number {
  const { s, eta, vMin, c } = shape;
  const { root, linear } = factors(eta);
  const time = Math.max(v, vMin);
  const spent =
    s * Math.log(Math.log((eta * time) / vMin)) +
    Math.log(riemannZeta(s) / Math.log(eta) ** s) +
    Math.log(1 / alpha);
  const tail = linear * c * spent;
  return Math.sqrt(root * root * time * spent + tail * tail) + tail;
}

/**
 * Half-width, in probability, of a band around the whole empirical distribution function that holds
 * at all t >= tMin and for all quantiles together: A √((ln(1 + ln(t/tMin)) + C)/t), C chosen for
 * alpha. Infinite before tMin. `leading` (A) > 1/√2; 0.85 in the paper.
 *
 * Howard and Ramdas (2022), "Sequential estimation of quantiles with applications to A/B testing
 * and best-arm identification", theorem 2.
 */
export function empiricalProcessBound(
  t: number,
  alpha: number,
  { tMin, leading }: { readonly tMin: number; readonly leading: number },
): number {
  if (t < tMin) return Number.POSITIVE_INFINITY;
  const constant = empiricalProcessConstant(alpha, leading);
  return leading * Math.sqrt((Math.log1p(Math.log(t / tMin)) + constant) / t);
}

/** The smallest C whose error, at the best epoch length, is at most alpha. */
function empiricalProcessConstant(alpha: number, leading: number): number {
  const spare = (c: number): number => alpha - smallestError(c, leading);
  let high = 5;
  while (spare(high) < 0) high *= 2;
  return bisectIncreasing(spare, { low: 1e-3, high });
}

/**
 * Minimum over the epoch length η of 4 exp(-γ²C)(1 + 1/((γ² - 1) ln η)), theorem 2 of the paper.
 */
function smallestError(c: number, leading: number): number {
  const gammaSquared = (eta: number): number =>
    (2 / eta) * (leading - Math.sqrt((2 * (eta - 1)) / c)) ** 2;
  // γ² falls with η; the bound exists only while it is above 1.
  const largestEta = bisectIncreasing((eta) => 1 - gammaSquared(eta), {
    low: 1,
    high: 2 * leading * leading,
  });
  const error = (eta: number): number => {
    const squared = gammaSquared(eta);
    if (squared <= 1 || eta <= 1) return Number.POSITIVE_INFINITY;
    return 4 * Math.exp(-squared * c) * (1 + 1 / ((squared - 1) * Math.log(eta)));
  };
  return error(minimizer(error, { low: 1, high: largestEta }));
}

/**
 * Double stitching: a boundary for "count below the p-quantile, minus p·t" that holds for all p and
 * all t together and is narrower for extreme quantiles. Howard and Ramdas (2022), theorem 3.
 */
export function doubleStitchingBound(
  at: { readonly quantile: number; readonly t: number },
  alpha: number,
  shape: Epochs & { readonly tOpt: number; readonly delta: number },
): number {
  const { s, eta, tOpt, delta } = shape;
  const { quantile: p } = at;
  const { root, linear } = factors(eta);
  const time = Math.max(at.t, tOpt);
  const logit = Math.log(p / (1 - p));
  const shifted = 1 / (1 + Math.exp(-(logit + 2 * delta * Math.sqrt((tOpt * eta) / time))));
  const nearest = p >= 0.5 ? p : Math.min(0.5, shifted);
  const variance = nearest * (1 - nearest);
  const grid = (Math.sqrt(time / tOpt) * Math.abs(logit)) / (2 * delta) + 1;
  const zeta = riemannZeta(s);
  const spent =
    s * Math.log(Math.log((eta * time) / tOpt)) +
    s * Math.log(grid) +
    Math.log((2 * zeta * (2 * zeta + 1)) / (alpha * Math.log(eta) ** s));
  const tail = linear * ((1 - 2 * p) / 3) * spent;
  return (
    delta * Math.sqrt((eta * time * variance) / tOpt) +
    Math.sqrt(root * root * variance * time * spent + tail * tail) +
    tail
  );
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Where a function with one minimum is smallest, by golden-section search. */
export function minimizer(
  f: (x: number) => number,
  bracket: { readonly low: number; readonly high: number },
): number {
  let { low, high } = bracket;
  for (let step = 0; step < 120; step += 1) {
    const width = GOLDEN * (high - low);
    if (f(high - width) <= f(low + width)) high = low + width;
    else low = high - width;
  }
  return (low + high) / 2;
}
