import { binOfValue, valueOfBin } from "@spillway/core";
import type { Cell } from "./cell.ts";
import { COMPARATORS } from "./comparators.ts";
import { betaBins, eventRate, logNormalBins, meanOf, mixture } from "./distribution.ts";
import { steadyCell } from "./metric-cells.ts";
import { metricOf, ratioPolicy, scoreOutcome } from "./policies.ts";
import type { TestedComparison } from "./running-gate.ts";
import type { OutcomeOf } from "./traffic.ts";

const BLOCK_5: TestedComparison = { kind: "relative", hold: 0.025, rollback: 0.05 };
const TEN_PERCENT: TestedComparison = { kind: "relative", hold: 0.05, rollback: 0.1 };

/**
 * D: mean score 0.8, hold at -5%, rollback at -10%. A bad candidate answers some requests with nothing.
 * Promotion is asked against the -5% that blocks.
 */
export function scoreCells(): readonly Cell[] {
  const score = betaBins(0.8, 0.2);
  return [0, 2.5, 5, 10, 15, 30].map((drop) =>
    steadyCell({
      id: `D_score block5/rb10 mean=.8 drop=${drop}%`,
      metric: metricOf("quality", { value: 0.8, spread: 0.2 }),
      comparison: TEN_PERCENT,
      safety: { comparison: BLOCK_5, nextShareBps: 10_000 },
      policy: ratioPolicy({ rollback: 0.9, margin: 0.95, mean: 0.8, isBinary: false }),
      outcomeOf: scoreOutcome,
      baseline: score,
      candidate: mixture(score, eventRate(0), drop / 100),
    }),
  );
}

const LATENCY_SIGMA = 0.7;
const MEDIAN_MS = 1000;
const Z_95 = 1.6448536269514722;

/** E: p95 of a lognormal latency must not rise by 10%. The last cell slows down 3% of the calls. */
export function latencyCells(): readonly Cell[] {
  const p95 = MEDIAN_MS * Math.exp(LATENCY_SIGMA * Z_95);
  const metric = metricOf("latency_p95", { value: p95 });
  const slowedBy = (factor: number) =>
    logNormalBins(metric, { location: Math.log(MEDIAN_MS * factor), sigma: LATENCY_SIGMA });
  const typicalBin = binOfValue(metric, p95) as number;
  const tenPercentBins = Math.round(Math.log(1.1) / Math.log(1.02));
  const outcomeOf: OutcomeOf = (bin, arm) => {
    const allowed = arm === "candidate" ? tenPercentBins : 0;
    return {
      value: bin > typicalBin ? 1 : 0,
      naive: bin > typicalBin + allowed ? 1 : 0,
    };
  };
  const exceedances = meanOf(slowedBy(1), (bin) => outcomeOf(bin, "baseline").value);
  const common = {
    metric,
    comparison: TEN_PERCENT,
    // The tail at the 95th percentile falls off like x^-2.9.
    policy: {
      ...ratioPolicy({ rollback: 1, mean: 1, isBinary: true }),
      effect: exceedances * (1.1 ** 2.9 - 1),
      margin: null,
    },
    outcomeOf,
    baseline: slowedBy(1),
    comparators: COMPARATORS.filter(({ name }) => name !== "c_kay"),
  };
  return [
    ...[1, 1.05, 1.1, 1.2, 1.3, 1.5, 2].map((factor) =>
      steadyCell({
        ...common,
        id: `E_p95 T=+10% scale=${factor}`,
        candidate: slowedBy(factor),
      }),
    ),
    steadyCell({
      ...common,
      id: "E_p95 T=+10% tail-only 3%x4",
      candidate: mixture(slowedBy(1), slowedBy(4), 0.03),
    }),
  ];
}

/** F and F2: mean cost, +10%, lognormal; F2 has a tail that is much heavier than the guess. */
export function costCells(): readonly Cell[] {
  return [
    ...[1, 1.05, 1.1, 1.2, 1.5, 2].map((factor) =>
      costCell(`F_cost T=+10% mean x${factor} (lognormal s=1.2)`, 1.2, factor),
    ),
    ...[1, 1.2].map((factor) =>
      costCell(`F2_cost heavy T=+10% mean x${factor} (lognormal s=2)`, 2, factor),
    ),
  ];
}

const MEAN_USD = 0.01;
/** Where the gate clips: at 20 expected means. */
const CEILING_USD = 20 * MEAN_USD;

function costCell(id: string, sigma: number, factor: number): Cell {
  const plain = metricOf("cost_per_call");
  const costs = (mean: number) =>
    logNormalBins(plain, { location: Math.log(mean) - sigma ** 2 / 2, sigma });
  const baseline = costs(MEAN_USD);
  // What the feature's own history shows of the values as they are judged, clipped.
  const clipped = (bin: number): number => Math.min(CEILING_USD, valueOfBin(plain, bin));
  const spread = Math.sqrt(
    meanOf(baseline, (bin) => clipped(bin) ** 2) - meanOf(baseline, clipped) ** 2,
  );
  return steadyCell({
    id,
    metric: metricOf("cost_per_call", { value: MEAN_USD, spread }),
    comparison: TEN_PERCENT,
    policy: ratioPolicy({ rollback: 1.1, mean: MEAN_USD, isBinary: false }),
    outcomeOf: (bin) => {
      const value = valueOfBin(plain, bin);
      return { value, naive: value };
    },
    baseline,
    candidate: costs(MEAN_USD * factor),
    effort: 0.5,
  });
}
