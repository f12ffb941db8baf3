import { noWealth } from "../gate/bet-table.ts";
import type { DecodedCell } from "../gate/decoded-cell.ts";
import { decodeCell } from "../gate/decoded-cell.ts";
import type { ObservedStratum } from "../gate/observed-row.ts";
import type { QuantileTest } from "../gate/quantile-move.ts";
import { NO_PAIR_UNITS } from "../gate/pair-units.ts";
import { NO_UNITS } from "../gate/unit-bins.ts";
import type { TestPart } from "../gate/test-part.ts";
import type { PairShare } from "../population/pairing.ts";
import { pairShares } from "../population/pairing.ts";
import type { ArmPopulations, Population } from "../population/population.ts";
import type { GridPart, GridStep } from "../statistics/power.ts";

/** How a stage gathers evidence: a randomised share, or both answers to the same inputs. */
export type Design =
  { readonly kind: "arms"; readonly propensity: number } | { readonly kind: "pairs" };

/**
 * A test of the gate as random walks, one step per request (arms) or pair. The gate's own code is asked
 * for the log-wealth of every single outcome, so mean and variance are those of the real test.
 */
export function gridPartsOf(
  test: QuantileTest,
  seen: { readonly arms: ArmPopulations; readonly design: Design },
): readonly GridPart[] {
  const { arms, design } = seen;
  if (design.kind === "pairs") return pairPartsOf(test, pairShares(arms));
  const { propensity } = design;
  return test.parts.map((part) => ({
    weight: part.weight,
    steps: armSteps(part, { arms, propensity }),
  }));
}

/** The same on pairs of a known distribution. */
export function pairPartsOf(test: QuantileTest, pairs: readonly PairShare[]): readonly GridPart[] {
  return test.parts.map((part) => ({ weight: part.weight, steps: pairSteps(part, pairs) }));
}

const NOTHING: DecodedCell = decodeCell({ bins: {} });
const SINGLE = {
  baselineUnits: NO_UNITS,
  candidateUnits: NO_UNITS,
  pairUnits: NO_PAIR_UNITS,
} as const;

function armSteps(
  part: TestPart,
  { arms, propensity }: { readonly arms: ArmPopulations; readonly propensity: number },
): GridStep[] {
  if (!part.usesArms(propensity)) return [];
  const of = (population: Population, arm: "candidate" | "baseline", weight: number): GridStep[] =>
    population
      .filter(({ share }) => share > 0)
      .map(({ bin, share }) => {
        const one = decodeCell({ bins: { [bin]: 1 } });
        const logs = noWealth();
        part.addArms(logs, single({ propensity, [arm]: one }));
        return { chance: share * weight, logs: [...logs] };
      });
  return [
    ...of(arms.candidate, "candidate", propensity),
    ...of(arms.baseline, "baseline", 1 - propensity),
  ];
}

function pairSteps(part: TestPart, pairs: readonly PairShare[]): GridStep[] {
  return pairs.map(({ baselineBin, candidateBin, share }) => {
    const logs = noWealth();
    part.addPairs(logs, single({ pairs: [{ baselineBin, candidateBin, count: 1 }] }));
    return { chance: share, logs: [...logs] };
  });
}

/** A stratum that holds one observation or pair. */
function single(parts: Partial<ObservedStratum>): ObservedStratum {
  return {
    stageIndex: 0,
    propensity: 0,
    isPlanned: true,
    candidate: NOTHING,
    baseline: NOTHING,
    pairs: [],
    ...SINGLE,
    ...parts,
  };
}
