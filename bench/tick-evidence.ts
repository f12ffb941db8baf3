import { ALL_TRAFFIC, binOfValue } from "../packages/core/src/index.ts";
import type {
  EvidenceCell,
  MetricDefinition,
  MetricEvidence,
  RolloutEvidence,
} from "../packages/core/src/index.ts";

export type EvidenceShape = {
  readonly metrics: readonly MetricDefinition[];
  readonly slices: number;
  /** Shares of the stages that have been, and are, live; the last one is not reached. */
  readonly sharesBps: readonly number[];
  /** Requests with a number for each metric, over all stages and arms. */
  readonly observations: number;
};

/** Requests of the first live stage and of the second. */
const STAGE_PARTS = [0.2, 0.8];

/** Draws the evidence of rollouts whose releases are alike. */
export function createEvidenceSource(shape: EvidenceShape): (seed: number) => RolloutEvidence {
  const draws = shape.metrics.map((metric) => ({ metric, chances: chancesOf(metric) }));
  return (seed) => {
    const random = seededRandom(seed + 1);
    const slices = Array.from({ length: shape.slices }, (_, index) => `kind=${index}`);
    const metrics = draws.flatMap(({ metric, chances }) =>
      [ALL_TRAFFIC, ...slices].map((slice): MetricEvidence => ({
        metric: metric.name,
        slice,
        strata: STAGE_PARTS.map((part, stageIndex) => {
          const propensityBps = shape.sharesBps[stageIndex] as number;
          const share = slice === ALL_TRAFFIC ? 1 : 1 / shape.slices;
          const count = shape.observations * part * share;
          const arm = (of: number): EvidenceCell => drawCell(chances, count * of, random);
          return {
            stageIndex,
            propensityBps,
            baseline: arm(1 - propensityBps / 10_000),
            candidate: arm(propensityBps / 10_000),
            pairs: { joint: {} },
          };
        }),
      })),
    );
    return { metrics, exposures: exposuresOf(shape) };
  };
}

function exposuresOf(shape: EvidenceShape): RolloutEvidence["exposures"] {
  return STAGE_PARTS.map((part, stageIndex) => {
    const propensityBps = shape.sharesBps[stageIndex] as number;
    const candidate = Math.round((shape.observations * part * propensityBps) / 10_000);
    return {
      stageIndex,
      propensityBps,
      baseline: Math.round(shape.observations * part) - candidate,
      candidate,
      pairs: 0,
      excluded: {},
      lastObservedAtMs: 3_600_000,
    };
  });
}

type Chances = ReadonlyMap<number, number>;

/** The chance of every bin, from the quantiles of a distribution that fits the metric. */
function chancesOf(metric: MetricDefinition): Chances {
  const points = 20_000;
  const chances = new Map<number, number>();
  for (let index = 0; index < points; index += 1) {
    const bin = binOfValue(metric, quantileOf(metric, (index + 0.5) / points));
    if (bin !== null) chances.set(bin, (chances.get(bin) ?? 0) + 1 / points);
  }
  return chances;
}

function quantileOf(metric: MetricDefinition, at: number): number {
  const typical = metric.expected?.value ?? 0.1;
  switch (metric.kind) {
    case "binary":
      // Nothing that is not tolerated happens here: it would end every rollout at the first tick.
      return at < (metric.name === "harmful_content" || metric.name === "leak" ? 0 : typical)
        ? 1
        : 0;
    case "bounded":
      return typical + 0.15 * normalQuantile(at);
    case "heavy_tailed":
      return (typical / Math.exp(0.5)) * Math.exp(normalQuantile(at));
    case "quantile":
      return (
        typical * Math.exp(0.7 * (normalQuantile(at) - normalQuantile(metric.quantile ?? 0.5)))
      );
    default: {
      const unreachable: never = metric.kind;
      return unreachable;
    }
  }
}

/** Counts of about n observations: independent counts per bin with the spread of a Poisson. */
function drawCell(chances: Chances, n: number, random: () => number): EvidenceCell {
  const bins: Record<string, number> = {};
  for (const [bin, chance] of chances) {
    const mean = n * chance;
    const drawn = Math.round(mean + Math.sqrt(mean) * normalQuantile(1e-6 + random() * 0.999998));
    if (drawn > 0) bins[bin] = drawn;
  }
  return { bins };
}

/** Tukey's lambda approximation of the normal quantile: close enough for made-up traffic. */
function normalQuantile(at: number): number {
  return (at ** 0.135 - (1 - at) ** 0.135) / 0.1975;
}

/** A uniform number in (0, 1) from a seed: mulberry32. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
