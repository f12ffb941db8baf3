import { noWealth } from "../gate/bet-table.ts";
import type { DecodedCell } from "../gate/decoded-cell.ts";
import { decodeCell } from "../gate/decoded-cell.ts";
import type { ObservedStratum } from "../gate/observed-row.ts";
import { observeRow } from "../gate/observed-row.ts";
import type { ScaledStratum } from "../gate/scaled-row.ts";
import { scaleRow } from "../gate/scaled-row.ts";
import type { TestPart } from "../gate/test-part.ts";
import type { PairShare } from "../population/pairing.ts";
import { pairShares } from "../population/pairing.ts";
import type { ArmPopulations, Population } from "../population/population.ts";
import { GRID_EXPONENTS, mixGrid } from "../statistics/bet-grid.ts";
import { logSumExp } from "../statistics/log-sum-exp.ts";
import type { QuantileTest } from "../gate/quantile-move.ts";
import type { Walk } from "./first-passage.ts";

/** How a stage gathers evidence: a randomised share, or both answers to the same inputs. */
export type Design =
  { readonly kind: "arms"; readonly propensity: number } | { readonly kind: "pairs" };

/**
 * The components of a test as random walks, one step per request (arms) or pair. The gate's own code is
 * asked for the log-wealth of every single outcome, so mean and variance are those of the real test.
 *
 * @param logLevel ln of the e-value that settles the question, with the test's share of an average over
 *   many rows already in it.
 */
export function walksOf(
  test: QuantileTest,
  seen: { readonly arms: ArmPopulations; readonly design: Design },
  logLevel: number,
): readonly Walk[] {
  const components = test.parts.flatMap((part) => {
    const steps =
      seen.design.kind === "arms"
        ? armSteps(test, part, { arms: seen.arms, propensity: seen.design.propensity })
        : pairSteps(test, part, pairShares(seen.arms));
    return componentsOf(steps).map((one) => ({ ...one, weight: one.weight * part.weight }));
  });
  return components.map(({ drift, variance, largest }) => ({
    drift,
    variance,
    largest,
    barrier: barrierOf(drift, components, logLevel),
  }));
}

/**
 * The log-wealth of one component at which the whole mixture reaches the level, if the slower ones have
 * grown in proportion to their drifts. Its own weight alone would be a strict bound and ask for too much:
 * at a level of 5 the neighbours hold half of the wealth, and the plan would be 40% too long. Quicker
 * components are left out: to follow them would credit a slow one with a luck that is theirs.
 */
function barrierOf(drift: number, components: readonly Component[], logLevel: number): number {
  if (!(drift > 0)) return Number.POSITIVE_INFINITY;
  const mixtureAt = (logWealth: number): number =>
    logSumExp(
      components
        .filter((other) => other.drift <= drift)
        .map((other) => Math.log(other.weight) + (logWealth * other.drift) / drift),
    );
  let [low, high] = [0, logLevel + LARGEST_WEIGHT_COST];
  for (let step = 0; step < 50; step += 1) {
    const middle = (low + high) / 2;
    if (mixtureAt(middle) < logLevel) low = middle;
    else high = middle;
  }
  return high;
}

/** -ln of the smallest weight of a component: a half of 0.03. */
const LARGEST_WEIGHT_COST = 5;

/** One possible observation: its probability and what it adds to each of the nine log-wealths. */
type Step = { readonly share: number; readonly logs: readonly number[] };

const NOTHING: DecodedCell = decodeCell({ bins: {} });
const NO_UNITS = { baselineUnits: [], candidateUnits: [] } as const;

function armSteps(
  test: QuantileTest,
  part: TestPart,
  { arms, propensity }: { readonly arms: ArmPopulations; readonly propensity: number },
): Step[] {
  if (!part.usesArms(propensity)) return [];
  const of = (population: Population, arm: "candidate" | "baseline", weight: number): Step[] =>
    population
      .filter(({ share }) => share > 0)
      .map(({ bin, share }) => {
        const one = decodeCell({ bins: { [bin]: 1 } });
        const logs = noWealth();
        part.addArms(logs, single(test, { propensity, [arm]: one }));
        return { share: share * weight, logs };
      });
  return [
    ...of(arms.candidate, "candidate", propensity),
    ...of(arms.baseline, "baseline", 1 - propensity),
  ];
}

function pairSteps(test: QuantileTest, part: TestPart, pairs: readonly PairShare[]): Step[] {
  return pairs.map(({ baselineBin, candidateBin, share }) => {
    const logs = noWealth();
    part.addPairs(logs, single(test, { pairs: [{ baselineBin, candidateBin, count: 1 }] }));
    return { share, logs };
  });
}

/** A stratum that holds one observation or pair. */
function single({ scale }: QuantileTest, parts: Partial<ObservedStratum>): ScaledStratum {
  const stratum: ObservedStratum = {
    stageIndex: 0,
    propensity: 0,
    candidate: NOTHING,
    baseline: NOTHING,
    pairs: [],
    ...NO_UNITS,
    ...parts,
  };
  const row = { strata: [stratum], observedSplit: null };
  return scaleRow({ ...EMPTY_ROW, ...row }, scale).strata[0] as ScaledStratum;
}

const EMPTY_ROW = observeRow([]);

type Component = Omit<Walk, "barrier"> & { readonly weight: number };

/** Grid points that bet the same (all on the cap) are one component with their weights together. */
function componentsOf(steps: readonly Step[]): readonly Component[] {
  const components: Component[] = [];
  for (const index of GRID_EXPONENTS.keys()) {
    let [drift, square, largest] = [0, 0, Number.NEGATIVE_INFINITY];
    for (const { share, logs } of steps) {
      const log = logs[index] as number;
      drift += share * log;
      square += share * log * log;
      largest = Math.max(largest, log);
    }
    const variance = Math.max(0, square - drift * drift);
    const weight = gridWeight(index);
    const same = components.findIndex((other) => other.drift === drift);
    const known = components[same];
    if (known === undefined) components.push({ drift, variance, largest, weight });
    else components[same] = { ...known, weight: known.weight + weight };
  }
  return components;
}

/** The prior weight of a grid point: what is left of the mixture when all others have lost everything. */
function gridWeight(index: number): number {
  return Math.exp(
    mixGrid(GRID_EXPONENTS.map((_, other) => (other === index ? 0 : Number.NEGATIVE_INFINITY))),
  );
}
