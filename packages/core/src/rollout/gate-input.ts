import { RING_EXCLUSION } from "../evaluation/observations.ts";
import { LEFT_BY_UNITS } from "../gate/cancellations.ts";
import type { RolloutEvidence, StageExposure } from "../gate/evidence.ts";
import { metricOfLabelLags } from "../gate/label-lags.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import type { GateInput } from "../gate/verdict.ts";
import { neededTimes } from "../gate/windows.ts";
import { metricsOfStrategy } from "./strategy-metrics.ts";
import { liveFromStage } from "./live-from-stage.ts";
import { longestEvidenceSeconds } from "./longest-evidence.ts";
import { judgedSlices } from "./judged-slices.ts";
import type { Rollout } from "./rollout.ts";
import { currentStage } from "./rollout.ts";
import type { Stage, StageKind, Strategy } from "./strategy.ts";

/**
 * What the gate judges of a rollout in its present stage; null when it is in none. Which slices have
 * a weight was fixed before the start (judged-slices.ts).
 */
export function gateInputOf(
  rollout: Rollout,
  evidence: RolloutEvidence,
  metrics: readonly MetricDefinition[],
): GateInput | null {
  const stage = currentStage(rollout);
  if (stage === null || !("stageIndex" in rollout.state)) return null;
  const next = rollout.strategy.stages[rollout.state.stageIndex + 1];
  const {
    evidence: own,
    slices,
    slots,
  } = judgedSlices(evidenceOfRevision(rollout, evidence), rollout.strategy.slices);
  const judged = new Set(rollout.strategy.criteria.map((criterion) => criterion.metric));
  const known = metricsOfStrategy(rollout.strategy, metrics);
  return {
    criteria: rollout.strategy.criteria,
    metrics: known
      .filter((metric) => judged.has(metric.name))
      .map((metric) => withExpected(metric, rollout.strategy)),
    slices,
    sliceSlots: slots,
    longestSeconds: longestEvidenceSeconds(rollout.strategy),
    liveFromStage: liveFromStage(rollout.strategy),
    evidence: {
      metrics: own.metrics.filter(
        ({ metric }) => metric === LEFT_BY_UNITS || judged.has(metricOfLabelLags(metric) ?? metric),
      ),
      exposures: own.exposures,
      ...neededTimes(own, {
        criteria: rollout.strategy.criteria,
        metrics: known,
        sinceMs: rollout.evidenceSinceMs ?? null,
      }),
    },
    confidence: rollout.strategy.confidence,
    stage: {
      index: rollout.state.stageIndex,
      kind: stage.kind,
      shareBps: stage.shareBps,
      nextShareBps: next?.shareBps ?? 10_000,
      observationsPerHour: pacePerHour(own, rollout.state.stageIndex, stage.kind),
    },
  };
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** Counted in the present stage per hour, between its first and its newest request; null before a minute. */
function pacePerHour(
  { exposures }: RolloutEvidence,
  stageIndex: number,
  kind: StageKind,
): number | null {
  let [count, firstMs, lastMs] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const exposure of exposures) {
    if (exposure.stageIndex !== stageIndex) continue;
    count += kind === "shadow" ? exposure.pairs : exposure.candidate;
    firstMs = Math.min(firstMs, exposure.firstObservedAtMs ?? Number.POSITIVE_INFINITY);
    lastMs = Math.max(lastMs, exposure.lastObservedAtMs ?? Number.NEGATIVE_INFINITY);
  }
  const lengthMs = lastMs - firstMs;
  return lengthMs >= MINUTE_MS ? (count * HOUR_MS) / lengthMs : null;
}

/** Counted in the present stage: pairs in shadow, else answers of the candidate. */
export function stageObservationsOf(rollout: Rollout, evidence: RolloutEvidence): number {
  const stage = currentStage(rollout);
  if (stage === null || !("stageIndex" in rollout.state)) return 0;
  const { stageIndex } = rollout.state;
  return exposuresOfRevision(rollout, evidence.exposures)
    .filter((exposure) => exposure.stageIndex === stageIndex)
    .reduce((sum, of) => sum + observationsIn(stage, of), 0);
}

/** In staging it is the answers to the ring that count: they were picked by name, and are no sample. */
function observationsIn(stage: Stage, of: StageExposure): number {
  if (stage.kind === "shadow") return of.pairs;
  return of.candidate + (stage.ring === undefined ? 0 : (of.excluded[RING_EXCLUSION] ?? 0));
}

/** What the baseline was known to show before the start takes the place of the catalogue's guess. */
export function withExpected(
  metric: MetricDefinition,
  { expected }: Pick<Strategy, "expected">,
): MetricDefinition {
  const known = expected ?? {};
  const level = Object.hasOwn(known, metric.name) ? known[metric.name] : undefined;
  if (level === undefined) return metric;
  const spread = metric.expected?.spread;
  return {
    ...metric,
    expected: spread === undefined ? { value: level } : { value: level, spread },
  };
}

/**
 * The evidence that the present revision of a strategy is judged by. Exchanges carry the number of the
 * stage that served them, and each revision numbers its stages on from those before, so what an
 * earlier revision gathered is told apart exchange by exchange, however late it arrives.
 */
function evidenceOfRevision(rollout: Rollout, evidence: RolloutEvidence): RolloutEvidence {
  const first = rollout.firstStageNumber ?? 0;
  if (first === 0) return evidence;
  return {
    metrics: evidence.metrics
      .map((entry) => ({ ...entry, strata: renumbered(entry.strata, first) }))
      .filter((entry) => entry.strata.length > 0),
    exposures: exposuresOfRevision(rollout, evidence.exposures),
    ...timesOfRevision(evidence, first),
  };
}

function timesOfRevision(
  { timed }: RolloutEvidence,
  first: number,
): Pick<RolloutEvidence, "timed"> {
  if (timed === undefined) return {};
  return {
    timed: timed.map((entry) => ({
      ...entry,
      blocks: entry.blocks
        .map((block) => ({ ...block, strata: renumbered(block.strata, first) }))
        .filter((block) => block.strata.length > 0),
    })),
  };
}

/** The exposures of the present revision's stages, by their place in its strategy. */
export function exposuresOfRevision(
  rollout: Rollout,
  exposures: readonly StageExposure[],
): readonly StageExposure[] {
  return renumbered(exposures, rollout.firstStageNumber ?? 0);
}

function renumbered<T extends { readonly stageIndex: number }>(
  entries: readonly T[],
  first: number,
): T[] {
  return entries
    .filter((entry) => entry.stageIndex >= first)
    .map((entry) => ({ ...entry, stageIndex: entry.stageIndex - first }));
}
