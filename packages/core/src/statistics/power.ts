import { GRID_EXPONENTS, LOG_GRID_WEIGHTS } from "./bet-grid.ts";
import { logNormalCdf } from "./log-normal-cdf.ts";
import { logSumExp } from "./log-sum-exp.ts";
import { normalMixtureBound, normalMixtureRho } from "./normal-mixture.ts";

/**
 * One way in which a test can reach its threshold: a walk with constant drift towards a barrier. A
 * grid test has up to nine (one per bet), the normal mixture one per tangent of its boundary.
 */
export type PlannedWalk = {
  /** Mean and variance of the change per step. */
  readonly drift: number;
  readonly variance: number;
  /** Distance to go. */
  readonly barrier: number;
  /** Steps that one candidate observation, with its share of baseline ones, brings on average. */
  readonly stepsPerObservation: number;
  /** The most that one step can bring; absent where steps have no end. */
  readonly largestStep?: number;
};

/** Candidate observations that settle a question with a chance of 50, 80 and 95%; null: none suffice. */
export type ObservationsNeeded = {
  readonly p50: number | null;
  readonly p80: number | null;
  readonly p95: number | null;
};

/** Beyond this no rollout waits: "not decidable at this traffic". */
const LARGEST_PLAN = 1e9;

/**
 * Candidate observations until a test settles its question, when the truth is as assumed.
 *
 * P(settled by n) >= max_j IG_j(n): a mixture crosses no later than each component's own share of
 * it does, and a walk's first passage is inverse Gaussian.
 *
 * @param walks From {@link gridWalks} or {@link normalWalks}; for an average of tests the walks of
 *   all of them.
 */
export function observationsNeeded(walks: readonly PlannedWalk[]): ObservationsNeeded {
  return { p50: solve(walks, 0.5), p80: solve(walks, 0.8), p95: solve(walks, 0.95) };
}

/**
 * How many observations of a clustered design are worth one independent one: 1 + (m - 1)·ICC.
 * Kish (1965), "Survey sampling".
 */
export function designEffect(meanClusterSize: number, intraclassCorrelation: number): number {
  return 1 + (meanClusterSize - 1) * intraclassCorrelation;
}

/** One possible step: its probability and what it adds to each of the nine log-wealths of a grid. */
export type GridStep = { readonly chance: number; readonly logs: readonly number[] };

/** A grid test, or one part of an average of them, with its share of the average. */
export type GridPart = { readonly weight: number; readonly steps: readonly GridStep[] };

export type GridPlan = {
  /** ln of the e-value that settles the question. */
  readonly logThreshold: number;
  readonly stepsPerObservation: number;
  /**
   * How far a component has to get. `alone`: until its own share of the mixture is the threshold, a
   * bound that is proven, up to 77% too long for the averages of the gate. `shared`: until the mixture is,
   * with what slower components have by then; an estimate, mostly within 10% of the played tests.
   */
  readonly barrier: "alone" | "shared";
};

/** The bets of grid tests as walks; mean and variance are those of the steps. */
export function gridWalks(parts: readonly GridPart[], plan: GridPlan): readonly PlannedWalk[] {
  const components = parts.flatMap(({ weight, steps }) => componentsOf(steps, weight));
  const { logThreshold } = plan;
  return components.map(({ weight, pace, ...walk }) => ({
    ...walk,
    stepsPerObservation: plan.stepsPerObservation * pace,
    barrier:
      plan.barrier === "alone"
        ? logThreshold - Math.log(weight)
        : sharedBarrier(walk.drift * pace, components, logThreshold),
  }));
}

type Component = {
  /** Of a step that changes something. */
  readonly drift: number;
  readonly variance: number;
  readonly largestStep: number;
  /** Share of the steps that change something. */
  readonly pace: number;
  readonly weight: number;
};

/**
 * Steps that change nothing are left out: what rare events add is no diffusion by the request, and is
 * nearly one by the event. Grid points that bet the same (all on the cap) are one component with their
 * weights together.
 */
function componentsOf(all: readonly GridStep[], share: number): readonly Component[] {
  const steps = all.filter(({ logs }) => logs.some((log) => log !== 0));
  const pace = steps.reduce((sum, { chance }) => sum + chance, 0);
  if (pace === 0) return [];
  const components: Component[] = [];
  for (const point of GRID_EXPONENTS.keys()) {
    let [drift, square, largestStep] = [0, 0, Number.NEGATIVE_INFINITY];
    for (const { chance, logs } of steps) {
      const log = logs[point] as number;
      drift += (chance * log) / pace;
      square += (chance * log * log) / pace;
      largestStep = Math.max(largestStep, log);
    }
    const variance = Math.max(0, square - drift * drift);
    const weight = share * Math.exp(LOG_GRID_WEIGHTS[point] as number);
    const same = components.findIndex((other) => other.drift === drift);
    const known = components[same];
    if (known === undefined) components.push({ drift, variance, largestStep, pace, weight });
    else components[same] = { ...known, weight: known.weight + weight };
  }
  return components;
}

/** -ln of the smallest share of a component: a tenth of 0.03. */
const LARGEST_WEIGHT_COST = 6;

/**
 * The log-wealth of one component at which the whole mixture reaches the threshold, if the slower ones
 * have grown in proportion to their drifts: at a threshold of 5 they hold half of the wealth. Quicker
 * components are left out: to follow them would credit a slow one with a luck that is theirs.
 *
 * @param drift Of the component, per step of any kind, as all drifts are compared here.
 */
function sharedBarrier(
  drift: number,
  components: readonly Component[],
  logThreshold: number,
): number {
  if (!(drift > 0)) return Number.POSITIVE_INFINITY;
  const slower = components
    .map((other) => ({
      logWeight: Math.log(other.weight),
      rate: (other.drift * other.pace) / drift,
    }))
    .filter(({ rate }) => rate <= 1);
  const mixtureAt = (logWealth: number): number =>
    logSumExp(slower.map(({ logWeight, rate }) => logWeight + logWealth * rate));
  let [low, high] = [0, logThreshold + LARGEST_WEIGHT_COST];
  for (let step = 0; step < 50; step += 1) {
    const middle = (low + high) / 2;
    if (mixtureAt(middle) < logThreshold) low = middle;
    else high = middle;
  }
  return high;
}

export type NormalPlan = {
  /** Distance of the contrast from the null that is assumed to be true, towards the alternative. */
  readonly effect: number;
  /** Distance that the mixture is tuned for, > 0, at `tunedAlpha`. */
  readonly designDistance: number;
  readonly tunedAlpha: number;
  /** Variance of the contrast's estimate, times the number of candidate observations. */
  readonly varianceTimesObservations: number;
};

/**
 * Variance of x̄_c - R x̄_b times the number of candidate observations: σ_c² + σ_b² R² w/(1 - w).
 */
export function contrastVariance(
  sigma: { readonly candidateVariance: number; readonly baselineVariance: number },
  ratio: number,
  propensity: number,
): number {
  const { candidateVariance, baselineVariance } = sigma;
  if (ratio === 0) return candidateVariance;
  return candidateVariance + (baselineVariance * ratio * ratio * propensity) / (1 - propensity);
}

/**
 * NM1: steps are units of information v = 1/Var. The boundary u(v) is concave, so each tangent lies
 * above it: a walk that has crossed the tangent u(v0) + u'(v0)(v - v0) has crossed u.
 *
 * @param alpha The e-value that settles the question is 1/alpha.
 */
export function normalWalks(plan: NormalPlan, alpha: number): readonly PlannedWalk[] {
  const rho = normalMixtureRho(
    { vOpt: (2.8 / plan.designDistance) ** 2, alphaOpt: plan.tunedAlpha },
    "one_sided",
  );
  const bound = (v: number): number => normalMixtureBound(v, { alpha, rho, sides: "one_sided" });
  // From a hundredth of ρ to ten thousand ρ: the boundary's tangents beyond serve no sensible plan.
  return Array.from({ length: 61 }, (_, index) => {
    const v = rho * 10 ** (index / 10 - 2);
    const step = v * 1e-4;
    const slope = (bound(v + step) - bound(v - step)) / (2 * step);
    return {
      drift: plan.effect - slope,
      variance: 1,
      barrier: bound(v) - slope * v,
      stepsPerObservation: 1 / plan.varianceTimesObservations,
    };
  });
}

/** Smallest n with max_j IG_j(n) >= chance. */
function solve(walks: readonly PlannedWalk[], chance: number): number | null {
  const isEnough = (n: number): boolean => walks.some((walk) => passedBy(n, walk) >= chance);
  if (!isEnough(LARGEST_PLAN)) return null;
  let [low, high] = [0, 1];
  while (!isEnough(high)) [low, high] = [high, high * 2];
  while (high - low > 0.1) {
    const middle = (low + high) / 2;
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return Math.max(1, Math.ceil(high));
}

/**
 * Chance that the walk has reached its barrier by n observations: the inverse Gaussian distribution
 * Φ((gn - B)/√(vn)) + e^(2gB/v) Φ((-gn - B)/√(vn)). Borodin and Salminen (2002), part II, 2.0.2.
 */
function passedBy(observations: number, walk: PlannedWalk): number {
  const { drift, variance, barrier, largestStep = Number.POSITIVE_INFINITY } = walk;
  const n = observations * walk.stepsPerObservation;
  if (barrier <= 0) return 1;
  // Brownian motion has no largest step, and would let a walk of rare heavy losses pass at once.
  if (!(drift > 0) || n * largestStep < barrier) return 0;
  if (!(variance > 0)) return drift * n >= barrier ? 1 : 0;
  const deviation = Math.sqrt(variance * n);
  return Math.exp(
    logSumExp([
      logNormalCdf((drift * n - barrier) / deviation),
      (2 * drift * barrier) / variance + logNormalCdf((-drift * n - barrier) / deviation),
    ]),
  );
}
