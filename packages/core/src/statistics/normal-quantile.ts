import { logNormalCdf } from "./log-normal-cdf.ts";

/**
 * The quantile function of the standard normal distribution, p in (0, 1), relative error about
 * 1e-14: Newton's method on ln Φ, which converges from zero because ln Φ is concave and increasing.
 * The upper half is the lower half mirrored.
 */
export function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  const target = Math.log(p);
  let x = 0;
  for (let step = 0; step < 100; step += 1) {
    const log = logNormalCdf(x);
    // (ln Φ)' = φ/Φ.
    const slope = Math.exp(-0.5 * x * x - 0.5 * Math.log(2 * Math.PI) - log);
    const change = (target - log) / slope;
    x += change;
    if (Math.abs(change) < 1e-15 * Math.max(1, Math.abs(x))) break;
  }
  return x;
}
