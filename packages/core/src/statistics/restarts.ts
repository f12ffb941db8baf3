import { GRID_EXPONENTS, mixGrid } from "./bet-grid.ts";
import { logAdd } from "./log-sum-exp.ts";

/**
 * Share of the prior that bets on harm from the start; the rest waits for harm that starts later.
 */
const SHARE_FROM_START = 0.5;

/**
 * Prior weight of each planned restart: a half on the first block, the other half spread evenly
 * over the later ones. Fixed by the plan and never by the data; a rollout that outlasts its plan
 * restarts no more.
 *
 * @param planned Number of blocks that the plan foresees, >= 1 (for hourly blocks: its hours).
 */
export function restartWeights(planned: number): readonly number[] {
  const known = plans.get(planned);
  if (known !== undefined) return known;
  const later = (1 - SHARE_FROM_START) / (planned - 1);
  const weights =
    planned <= 1
      ? [1]
      : Array.from({ length: planned }, (_, index) => (index === 0 ? SHARE_FROM_START : later));
  if (plans.size >= PLANS_KEPT) plans.clear();
  plans.set(planned, weights);
  return weights;
}

/** A gate has a few plans, and asks for each of them for every part of every row. */
const plans = new Map<number, readonly number[]>();
const PLANS_KEPT = 16;

/**
 * What closed blocks leave behind: one number per grid point, of finite size however long the
 * rollout. Finite numbers only, so it survives JSON to the bit.
 */
export type RestartState = {
  /** Closed blocks so far. */
  readonly blocks: number;
  /** ln M per grid point, before the grid's own weights; empty before the first block. */
  readonly logs: readonly number[];
};

export const NO_BLOCKS: RestartState = { blocks: 0, logs: [] };

/**
 * The weighted e-SR recursion M_t = (M_(t-1) + π_t) L_t per grid point, as logarithms.
 *
 * M_t is Σ_(s<=t) π_s Π_(s<=u<=t) L_u: a mixture over the block in which harm starts. An early
 * healthy stretch then costs the later evidence one small factor π_s and not all the wealth it has
 * lost.
 *
 * @param factors Log factors of the block that closes, one per grid point. Inside a block counts
 *   are order-free; only whole blocks have an order, by when outcomes became known.
 * @param weights π_t of the blocks; blocks beyond the last weight have π = 0.
 */
export function closeBlock(
  state: RestartState,
  factors: ArrayLike<number>,
  weights: readonly number[],
): RestartState {
  const logWeight = Math.log(weights[state.blocks] ?? 0);
  const logs: number[] = [];
  for (let point = 0; point < factors.length; point += 1) {
    const before = state.logs[point] ?? Number.NEGATIVE_INFINITY;
    logs.push(logAdd(before, logWeight) + (factors[point] as number));
  }
  return { blocks: state.blocks + 1, logs };
}

/** What blocks without evidence leave behind, as closing each with factors of 1 would. */
export function closeEmptyBlocks(blocks: number, weights: readonly number[]): RestartState {
  if (blocks === 0) return NO_BLOCKS;
  const log = Math.log(spentOf(weights)[Math.min(blocks, weights.length)] as number);
  return { blocks, logs: GRID_EXPONENTS.map(() => log) };
}

/**
 * Log e-value that also finds harm with a late onset: ln(Σ_j W_j M_j + (1 - Σ_(s<=t) π_s)). The
 * block that is still open counts by closing a copy of the state with the factors so far.
 *
 * Why it is an e-process: prior mass of restarts still to come is cash. From one block to the next
 * the cash pays π_t into M, and every factor has mean at most 1 under the null, so the mean of the
 * sum does not grow; at the start it is 1. Ville's inequality then holds at 1/alpha as for the
 * plain test.
 *
 * Source: Shin, Ramdas and Rinaldo (2024), "E-detectors: a nonparametric framework for sequential
 * change detection", section 2, with weights that sum to 1 in place of their unit weights.
 */
export function restartStateLogE(state: RestartState, weights: readonly number[]): number {
  const spent = spentOf(weights)[Math.min(state.blocks, weights.length)] as number;
  // The sum of the weights leaves rounding behind; a plan that is used up has no cash.
  const cash = state.blocks >= weights.length ? 0 : 1 - spent;
  const bets = state.blocks === 0 ? GRID_EXPONENTS.map(() => Number.NEGATIVE_INFINITY) : state.logs;
  return logAdd(mixGrid(bets), Math.log(cash));
}

/** Sums of the first so many weights. */
function spentOf(weights: readonly number[]): readonly number[] {
  const known = sums.get(weights);
  if (known !== undefined) return known;
  const made = [0];
  let spent = 0;
  for (const weight of weights) {
    spent += weight;
    made.push(spent);
  }
  sums.set(weights, made);
  return made;
}

const sums = new WeakMap<readonly number[], readonly number[]>();

/**
 * The same from the log factors of all blocks in time order, nine per block: `rateRatioStageLogs`,
 * `randomisedBetStageLogs`, `rateLogs`, `meanLogs` or `pairedBetLogs` on the counts of one block.
 */
export function restartLogE(blocks: readonly ArrayLike<number>[], planned: number): number {
  const weights = restartWeights(planned);
  let state = NO_BLOCKS;
  for (const factors of blocks) state = closeBlock(state, factors, weights);
  return restartStateLogE(state, weights);
}
