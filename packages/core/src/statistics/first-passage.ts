import { logNormalCdf } from "./log-normal-cdf.ts";
import type { ObservationsNeeded } from "./power.ts";

/** Looks come whenever the observations have grown by this factor: closer ones find next to nothing more. */
const GROWTH_PER_LOOK = 1.04;
/** No standard normal number of a plan is beyond. */
const WIDEST = 6;
const CELLS = 240;
const WIDTH = (2 * WIDEST) / CELLS;
/** Beyond this no rollout waits: "not decidable at this traffic". */
const LARGEST_PLAN = 1e9;

/**
 * Observations until a standardised sum is at or above a barrier at some look, with a chance of 50, 80 and
 * 95%; null: none suffice.
 *
 * The sum of n observations, less its mean and over its deviation, is a standard normal ξ at each look,
 * and from one look to the next, with g times as many observations, ξ' = ξ/√g + √(1 - 1/g)·N(0, 1). Its
 * distribution among those that have not passed is followed look by look on a grid (Armitage, McPherson
 * and Rowe 1969, "Repeated significance tests on accumulating data"): unlike a bound by tangents it
 * needs no concave barrier, so two tests that must agree at one look are one barrier, the higher one.
 *
 * @param barrierAt Of n observations, in standard deviations from the mean.
 * @param least The first look.
 */
export function observationsToPass(
  barrierAt: (observations: number) => number,
  least: number,
): ObservationsNeeded {
  const found: { p50: number | null; p80: number | null; p95: number | null } = {
    p50: null,
    p80: null,
    p95: null,
  };
  let open = startingMass();
  let passed = 0;
  for (let n = Math.max(1, least); n <= LARGEST_PLAN; n *= GROWTH_PER_LOOK) {
    const left = belowBarrier(open, barrierAt(n));
    const before = passed;
    passed = 1 - left.reduce((sum, mass) => sum + mass, 0);
    for (const [name, chance] of CHANCES) {
      if (found[name] !== null || passed < chance) continue;
      const part = (chance - before) / (passed - before);
      found[name] = Math.ceil(before === 0 ? n : n * GROWTH_PER_LOOK ** (part - 1));
    }
    if (found.p95 !== null) break;
    open = nextLook(left);
  }
  return found;
}

const CHANCES = [
  ["p50", 0.5],
  ["p80", 0.8],
  ["p95", 0.95],
] as const;

const edgeOf = (cell: number): number => cell * WIDTH - WIDEST;

/** Chance that a normal number of this mean and deviation lies in each cell. */
function massAround(mean: number, deviation: number): Float64Array {
  const masses = new Float64Array(CELLS);
  let below = 0;
  for (let cell = 0; cell < CELLS; cell += 1) {
    const upTo = cell === CELLS - 1 ? 1 : normalCdf((edgeOf(cell + 1) - mean) / deviation);
    masses[cell] = upTo - below;
    below = upTo;
  }
  return masses;
}

const normalCdf = (z: number): number => Math.exp(logNormalCdf(z));

const startingMass = (): Float64Array => massAround(0, 1);

/** What is below the barrier; of the cell that it cuts, the part. */
function belowBarrier(masses: Float64Array, barrier: number): Float64Array {
  const cut = (barrier + WIDEST) / WIDTH;
  return masses.map((mass, cell) => mass * Math.min(1, Math.max(0, cut - cell)));
}

/** From each cell to the cells that it can reach; the same at every look, and so made once. */
let transitions: readonly { readonly from: number; readonly masses: readonly number[] }[] | null =
  null;

function transitionsOf(): NonNullable<typeof transitions> {
  transitions ??= Array.from({ length: CELLS }, (_, cell) => {
    const mean = (edgeOf(cell) + WIDTH / 2) / Math.sqrt(GROWTH_PER_LOOK);
    const all = [...massAround(mean, Math.sqrt(1 - 1 / GROWTH_PER_LOOK))];
    const from = all.findIndex((mass) => mass > NEGLIGIBLE);
    return { from, masses: all.slice(from, all.findLastIndex((mass) => mass > NEGLIGIBLE) + 1) };
  });
  return transitions;
}

const NEGLIGIBLE = 1e-9;

function nextLook(masses: Float64Array): Float64Array {
  const next = new Float64Array(CELLS);
  for (const [cell, { from, masses: reached }] of transitionsOf().entries()) {
    const mass = masses[cell] as number;
    if (mass === 0) continue;
    for (let offset = 0; offset < reached.length; offset += 1) {
      next[from + offset] = (next[from + offset] as number) + mass * (reached[offset] as number);
    }
  }
  return next;
}
