/** A stream of uniform numbers in [0, 1). */
export type Random = () => number;

/**
 * A seeded stream: sfc32 (Doty-Humphrey, PractRand), 128 bits of state, fast and sound for billions of
 * draws. The same text always gives the same stream, so every rule of a cell sees the same traffic.
 */
export function seededRandom(seed: string): Random {
  let [a, b, c, counter] = hash(seed);
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let warmUp = 0; warmUp < 15; warmUp += 1) next();
  return next;
}

/** Four words from a text: cyrb128 (bryc). */
function hash(text: string): [number, number, number, number] {
  let [h1, h2, h3, h4] = [1_779_033_703, 3_144_134_277, 1_013_904_242, 2_773_480_762];
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    h1 = h2 ^ Math.imul(h1 ^ code, 597_399_067);
    h2 = h3 ^ Math.imul(h2 ^ code, 2_869_860_233);
    h3 = h4 ^ Math.imul(h3 ^ code, 951_274_213);
    h4 = h1 ^ Math.imul(h4 ^ code, 2_716_044_179);
  }
  h1 = Math.imul(h3 ^ (h1 >>> 18), 597_399_067);
  h2 = Math.imul(h4 ^ (h2 >>> 22), 2_869_860_233);
  h3 = Math.imul(h1 ^ (h3 >>> 17), 951_274_213);
  h4 = Math.imul(h2 ^ (h4 >>> 19), 2_716_044_179);
  return [h1 ^ h2 ^ h3 ^ h4, h2, h3, h4];
}

/** A standard normal draw (Box and Muller). */
export function drawNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A gamma draw of unit scale (Marsaglia and Tsang 2000; shapes below 1 by their boost). */
export function drawGamma(random: Random, shape: number): number {
  if (shape < 1) return drawGamma(random, shape + 1) * (1 - random()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = drawNormal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Draws an index with given weights in constant time (Walker 1977, Vose 1991). */
export class IndexSampler {
  readonly #keep: Float64Array;
  readonly #alias: Int32Array;

  constructor(weights: readonly number[]) {
    const size = weights.length;
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const scaled = weights.map((weight) => (weight * size) / total);
    this.#keep = new Float64Array(size).fill(1);
    this.#alias = Int32Array.from({ length: size }, (_, index) => index);
    const small = [...scaled.keys()].filter((index) => (scaled[index] as number) < 1);
    const large = [...scaled.keys()].filter((index) => (scaled[index] as number) >= 1);
    for (;;) {
      const [low, high] = [small.pop(), large.at(-1)];
      if (low === undefined || high === undefined) break;
      this.#keep[low] = scaled[low] as number;
      this.#alias[low] = high;
      const left = (scaled[high] as number) - (1 - (scaled[low] as number));
      scaled[high] = left;
      if (left >= 1) continue;
      large.pop();
      small.push(high);
    }
  }

  draw(random: Random): number {
    const position = random() * this.#keep.length;
    const index = Math.floor(position);
    return position - index < (this.#keep[index] as number)
      ? index
      : (this.#alias[index] as number);
  }
}

/** A Poisson draw of a fixed mean, by table; the tail that is cut off is below 1e-15. */
export class PoissonSampler {
  readonly #sampler: IndexSampler | null;

  constructor(mean: number) {
    this.#sampler = mean > 0 ? new IndexSampler(poissonShares(mean)) : null;
  }

  draw(random: Random): number {
    return this.#sampler === null ? 0 : this.#sampler.draw(random);
  }
}

function poissonShares(mean: number): readonly number[] {
  const largest = Math.ceil(mean + 9 * Math.sqrt(mean) + 20);
  const shares: number[] = [];
  let logShare = -mean;
  for (let count = 0; count <= largest; count += 1) {
    shares.push(Math.exp(logShare));
    logShare += Math.log(mean / (count + 1));
  }
  return shares;
}
