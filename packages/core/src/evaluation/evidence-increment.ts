import type { Exchange, Score } from "../exchange/exchange.ts";
import type { Feature } from "../feature/feature.ts";
import { binOfValue } from "../gate/bins.ts";
import {
  addObservation,
  addPair,
  addUnitObservation,
  addUnitPair,
  emptyCell,
  emptyPairCell,
} from "../gate/cells.ts";
import type { EvidenceCell, PairCell } from "../gate/evidence.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import { unitBucket } from "../gate/unit-bucket.ts";
import type { DatasetCase } from "../release/component.ts";
import { observationsOf } from "./observations.ts";
import type { Scorer } from "./scorer.ts";

/** What is needed to evaluate an exchange of one feature. */
export type FeatureKnowledge = {
  readonly feature: Pick<Feature, "slices"> & Partial<Pick<Feature, "assignment" | "scorers">>;
  readonly metrics: readonly MetricDefinition[];
  readonly scorers: readonly Scorer[];
  /** The dataset's case that the exchange is about, if there is one. */
  readonly caseOf: (exchange: Exchange) => DatasetCase | null;
};

/** New evidence of one cell. Increments are merged before they are stored; the order is free. */
export type EvidenceIncrement = {
  readonly rolloutId: string;
  readonly stageIndex: number;
  readonly propensityBps: number;
  readonly slice: string;
  readonly metric: string;
  readonly minuteMs: number;
} & (
  | { readonly arm: "baseline" | "candidate"; readonly cell: EvidenceCell }
  | { readonly arm: "pair"; readonly cell: PairCell }
);

const MINUTE_MS = 60_000;

/** What one answered exchange adds, with the numbers that are scored of it. */
export function singleEvidence(
  { feature, metrics }: Pick<FeatureKnowledge, "feature" | "metrics">,
  exchange: Exchange,
  scores: readonly Score[],
): EvidenceIncrement[] {
  const definitions = new Map(metrics.map((metric) => [metric.name, metric]));
  return observationsOf({ feature, metrics, exchange, scores }).flatMap((observation) => {
    const metric = definitions.get(observation.metric);
    const bin = metric === undefined ? null : binOfValue(metric, observation.observed);
    if (bin === null) return [];
    const { rolloutId, stageIndex, propensityBps, arm, slice } = observation;
    const minuteMs = minuteOf(exchange);
    const cell = cellOf(feature.assignment, exchange, bin);
    const at = {
      rolloutId,
      stageIndex,
      propensityBps,
      slice,
      metric: observation.metric,
      minuteMs,
    };
    return [{ ...at, arm, cell }];
  });
}

/** One observation; with the group of its unit where the unit may come again. */
export function cellOf(
  assignment: Feature["assignment"] | undefined,
  exchange: Exchange,
  bin: number,
): EvidenceCell {
  const none: EvidenceCell = { ...emptyCell(), newestAtMs: exchange.startedAtMs };
  const bucket = returningGroupOf(assignment, exchange);
  if (bucket === null) return addObservation(none, bin);
  return addUnitObservation(none, { bucket, bin });
}

/** One pair; with the group of the unit that asked where that unit may come again. */
export function pairCellOf(
  assignment: Feature["assignment"] | undefined,
  { primary, shadow }: { readonly primary: Exchange; readonly shadow: Exchange },
  bins: { readonly baselineBin: number; readonly candidateBin: number },
): PairCell {
  const none: PairCell = { ...emptyPairCell(), newestAtMs: shadow.startedAtMs };
  const bucket = returningGroupOf(assignment, primary);
  return bucket === null ? addPair(none, bins) : addUnitPair(none, { ...bins, bucket });
}

/** The group of an exchange's unit; null where every request is a unit of its own, or none is known. */
function returningGroupOf(
  assignment: Feature["assignment"] | undefined,
  { unit, unitKind }: Exchange,
): number | null {
  const kind = unitKind ?? assignment?.unit ?? "request";
  return kind === "request" || unit === null ? null : unitBucket(unit);
}

/** Evidence stands at the minute of the request, however late its number comes. */
export const minuteOf = (exchange: Exchange): number =>
  Math.floor(exchange.startedAtMs / MINUTE_MS) * MINUTE_MS;
