import { sumCells, sumPairCells } from "./cells.ts";
import type {
  EvidenceBlock,
  MetricEvidence,
  RolloutEvidence,
  StageExposure,
  StratumEvidence,
  TimedEvidence,
} from "./evidence.ts";

export function emptyEvidence(): RolloutEvidence {
  return { metrics: [], exposures: [] };
}

/**
 * The evidence of two shards or batches together. Order-free: entries come out sorted by metric,
 * slice, stage and propensity, and counts are added. Entries of one stage with different propensities
 * stay apart: the tests need each request's own propensity.
 *
 * The two must hold different observations. Deduplication by exchange id happens before binning;
 * counts cannot tell a repeat.
 */
export function mergeEvidence(left: RolloutEvidence, right: RolloutEvidence): RolloutEvidence {
  return {
    metrics: mergeBy([...left.metrics, ...right.metrics], metricKey, mergeMetrics).map((entry) => ({
      ...entry,
      strata: mergeStrata(entry.strata),
    })),
    exposures: mergeBy([...left.exposures, ...right.exposures], stageKey, mergeExposures),
    ...mergeTimes(left.timed, right.timed),
  };
}

function mergeTimes(
  left: RolloutEvidence["timed"],
  right: RolloutEvidence["timed"],
): Pick<RolloutEvidence, "timed"> {
  if (left === undefined && right === undefined) return {};
  const timed = mergeBy([...(left ?? []), ...(right ?? [])], timedKey, (one, other) => ({
    ...one,
    blocks: [...one.blocks, ...other.blocks],
  }));
  return { timed: timed.map((entry) => ({ ...entry, blocks: mergeBlocks(entry.blocks) })) };
}

/** Blocks of one length, ascending, each once. */
export function mergeBlocks(blocks: readonly EvidenceBlock[]): readonly EvidenceBlock[] {
  const byStart = Map.groupBy(blocks, ({ startMs }) => startMs);
  return [...byStart]
    .toSorted(([left], [right]) => left - right)
    .map(([startMs, of]) => ({ startMs, strata: mergeStrata(of.flatMap(({ strata }) => strata)) }));
}

function timedKey({ metric, slice, blockSeconds }: TimedEvidence): string {
  return JSON.stringify([metric, slice, blockSeconds]);
}

/**
 * Strata of one metric and slice, one per stage and propensity, ascending. Each is added up in one go:
 * two by two, the sum would be copied as often as there are blocks of time.
 */
export function mergeStrata(strata: readonly StratumEvidence[]): readonly StratumEvidence[] {
  const groups: StratumEvidence[][] = [];
  for (const stratum of strata) {
    const group = groups.find(
      ([first]) =>
        first?.stageIndex === stratum.stageIndex && first.propensityBps === stratum.propensityBps,
    );
    if (group === undefined) groups.push([stratum]);
    else group.push(stratum);
  }
  return groups
    .map((group) => sumStrata(group))
    .toSorted(
      (left, right) =>
        left.stageIndex - right.stageIndex || left.propensityBps - right.propensityBps,
    );
}

function sumStrata(group: readonly StratumEvidence[]): StratumEvidence {
  const [first] = group as [StratumEvidence];
  if (group.length === 1) return first;
  return {
    ...first,
    baseline: sumCells(group.map(({ baseline }) => baseline)),
    candidate: sumCells(group.map(({ candidate }) => candidate)),
    pairs: sumPairCells(group.map(({ pairs }) => pairs)),
  };
}

function mergeMetrics(left: MetricEvidence, right: MetricEvidence): MetricEvidence {
  return { ...left, strata: [...left.strata, ...right.strata] };
}

function mergeExposures(left: StageExposure, right: StageExposure): StageExposure {
  const excluded: Record<string, number> = { ...left.excluded };
  for (const [reason, count] of Object.entries(right.excluded)) {
    excluded[reason] = (excluded[reason] ?? 0) + count;
  }
  return {
    ...left,
    baseline: left.baseline + right.baseline,
    candidate: left.candidate + right.candidate,
    pairs: left.pairs + right.pairs,
    excluded,
    firstObservedAtMs: earliest(left.firstObservedAtMs, right.firstObservedAtMs),
    lastObservedAtMs: latest(left.lastObservedAtMs, right.lastObservedAtMs),
  };
}

function latest(left: number | null, right: number | null): number | null {
  if (left === null || right === null) return left ?? right;
  return Math.max(left, right);
}

function earliest(
  left: number | null | undefined,
  right: number | null | undefined,
): number | null {
  if (left === null || left === undefined) return right ?? null;
  return right === null || right === undefined ? left : Math.min(left, right);
}

function metricKey(entry: MetricEvidence): string {
  return JSON.stringify([entry.metric, entry.slice]);
}

// Padded so that keys sort as numbers do.
function stageKey(entry: { readonly stageIndex: number; readonly propensityBps: number }): string {
  return [entry.stageIndex, entry.propensityBps]
    .map((part) => String(part).padStart(12, "0"))
    .join("/");
}

function mergeBy<T>(
  entries: readonly T[],
  keyOf: (entry: T) => string,
  merge: (left: T, right: T) => T,
): readonly T[] {
  const merged = new Map<string, T>();
  for (const entry of entries) {
    const key = keyOf(entry);
    const known = merged.get(key);
    merged.set(key, known === undefined ? entry : merge(known, entry));
  }
  return [...merged.entries()]
    .toSorted(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    .map(([, entry]) => entry);
}
