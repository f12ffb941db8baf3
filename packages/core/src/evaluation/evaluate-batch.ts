import { invariant } from "../errors.ts";
import type { Exchange, Score } from "../exchange/exchange.ts";
import { binOfValue, TOP_BIN } from "../gate/bins.ts";
import { emptyCell, emptyPairCell } from "../gate/cells.ts";
import type {
  EvidenceBlock,
  RolloutEvidence,
  StageExposure,
  StratumEvidence,
} from "../gate/evidence.ts";
import { ALL_TRAFFIC } from "../gate/evidence.ts";
import { CANCELLED, LEFT_BY_UNITS } from "../gate/cancellations.ts";
import { mergeEvidence } from "../gate/merge-evidence.ts";
import type { TimedNeed } from "../gate/windows.ts";
import type { EvidenceIncrement, FeatureKnowledge } from "./evidence-increment.ts";
import { cellOf, minuteOf, pairCellOf, singleEvidence } from "./evidence-increment.ts";
import type { ExclusionReason } from "./observations.ts";
import { exclusionOf, pairObservationsOf } from "./observations.ts";
import { scoreExchange } from "./scorer.ts";

export type ExposureIncrement = StageExposure & { readonly rolloutId: string };

/** What a batch of exchanges amounts to. */
export type EvaluatedBatch = {
  readonly evaluatedIds: readonly string[];
  readonly scores: readonly { readonly exchangeId: string; readonly score: Score }[];
  readonly evidence: readonly EvidenceIncrement[];
  readonly exposures: readonly ExposureIncrement[];
};

/**
 * Scores a batch of exchanges and turns it into evidence. Pure: scorers are deterministic, so a batch
 * that is evaluated again after a crash gives the same numbers.
 */
export function evaluateBatch(input: {
  readonly exchanges: readonly Exchange[];
  readonly primaries: ReadonlyMap<string, Exchange>;
  /** Null for a feature that does not exist any more: its exchanges are evaluated to nothing. */
  readonly knowledgeOf: (exchange: Exchange) => FeatureKnowledge | null;
}): EvaluatedBatch {
  const scores: { exchangeId: string; score: Score }[] = [];
  const evidence: EvidenceIncrement[] = [];
  const exposures: ExposureIncrement[] = [];
  for (const exchange of input.exchanges) {
    const knowledge = input.knowledgeOf(exchange);
    if (knowledge === null) continue;
    const own = scoresOf(knowledge, exchange);
    scores.push(...own.map((score) => ({ exchangeId: exchange.id, score })));
    const primary = exchange.shadowOf === null ? null : input.primaries.get(exchange.shadowOf);
    if (exchange.role === "primary") {
      evidence.push(...singleEvidence(knowledge, exchange, own), ...left(knowledge, exchange));
      exposures.push(...singleExposure(exchange));
    } else if (primary !== null && primary !== undefined) {
      const primaryScores = scoresOf(knowledge, primary);
      const pair = { primary, shadow: exchange, primaryScores, shadowScores: own };
      evidence.push(...pairEvidence(knowledge, pair));
      exposures.push(...pairExposure(pair));
    }
  }
  return { evaluatedIds: input.exchanges.map(({ id }) => id), scores, evidence, exposures };
}

type Pair = {
  readonly primary: Exchange;
  readonly shadow: Exchange;
  readonly primaryScores: readonly Score[];
  readonly shadowScores: readonly Score[];
};

function scoresOf(knowledge: FeatureKnowledge, exchange: Exchange): readonly Score[] {
  return scoreExchange(knowledge.scorers, {
    exchange,
    datasetCase: knowledge.caseOf(exchange),
  });
}

/**
 * That a caller left is no observation of the answer. By whom is kept where units come more than once, since
 * there a count of requests says nothing of how many left (cancellations.ts).
 */
function left({ feature }: FeatureKnowledge, exchange: Exchange): EvidenceIncrement[] {
  const { rolloutId, stageIndex, propensityBps, arm, isRandomised } = exchange;
  if (rolloutId === null || stageIndex === null || propensityBps === null) return [];
  if (!isRandomised || exclusionOf(exchange) !== "cancelled") return [];
  const cell = cellOf(feature.assignment, exchange, TOP_BIN);
  if (cell.units === undefined) return [];
  const place = { rolloutId, stageIndex, propensityBps, slice: ALL_TRAFFIC };
  return [{ ...place, metric: LEFT_BY_UNITS, minuteMs: minuteOf(exchange), arm, cell }];
}

function pairEvidence({ feature, metrics }: FeatureKnowledge, pair: Pair): EvidenceIncrement[] {
  const definitions = new Map(metrics.map((metric) => [metric.name, metric]));
  return pairObservationsOf({ feature, metrics, ...pair }).flatMap((observation) => {
    const metric = definitions.get(observation.metric);
    if (metric === undefined) return [];
    const baselineBin = binOfValue(metric, observation.baseline);
    const candidateBin = binOfValue(metric, observation.candidate);
    if (baselineBin === null || candidateBin === null) return [];
    const { rolloutId, stageIndex, propensityBps, slice } = observation;
    const minuteMs = minuteOf(pair.shadow);
    const cell = pairCellOf(feature.assignment, pair, { baselineBin, candidateBin });
    const at = {
      rolloutId,
      stageIndex,
      propensityBps,
      slice,
      metric: observation.metric,
      minuteMs,
    };
    return [{ ...at, arm: "pair" as const, cell }];
  });
}

/** Counts an exchange into its stage: as an answer of its arm, or under the reason it is left out. */
function singleExposure(exchange: Exchange): ExposureIncrement[] {
  const { rolloutId, stageIndex, propensityBps } = exchange;
  if (rolloutId === null || stageIndex === null || propensityBps === null) return [];
  const reason = exclusionOf(exchange);
  const isCounted = reason === null;
  return [
    {
      rolloutId,
      stageIndex,
      propensityBps,
      baseline: isCounted && exchange.arm === "baseline" ? 1 : 0,
      candidate: isCounted && exchange.arm === "candidate" ? 1 : 0,
      pairs: 0,
      excluded: reason === null ? {} : { [countedAs(reason, exchange)]: 1 },
      firstObservedAtMs: exchange.startedAtMs,
      lastObservedAtMs: exchange.startedAtMs,
    },
  ];
}

/** Callers leave after assignment, so where chance assigned the count says from which arm. */
function countedAs(reason: ExclusionReason, { isRandomised, arm }: Exchange): string {
  return reason === "cancelled" && isRandomised ? CANCELLED[arm] : reason;
}

function pairExposure({ primary, shadow }: Pair): ExposureIncrement[] {
  const { rolloutId, stageIndex, propensityBps } = shadow;
  if (rolloutId === null || stageIndex === null || propensityBps === null) return [];
  const reason = primary.isRepeat ? "repeat" : shadow.outcome === "cancelled" ? "cancelled" : null;
  return [
    {
      rolloutId,
      stageIndex,
      propensityBps,
      baseline: 0,
      candidate: 0,
      pairs: reason === null ? 1 : 0,
      excluded: reason === null ? {} : { [`shadow_${reason}`]: 1 },
      firstObservedAtMs: shadow.startedAtMs,
      lastObservedAtMs: shadow.startedAtMs,
    },
  ];
}

/**
 * The evidence of one rollout with a batch added: what the store does with rows, done with values.
 *
 * @param needs What is to be kept by time as well, for the rollout's criteria (`timedNeeds`).
 */
export function withBatch(
  evidence: RolloutEvidence,
  batch: Pick<EvaluatedBatch, "evidence" | "exposures">,
  needs: readonly TimedNeed[] = [],
): RolloutEvidence {
  const metrics = batch.evidence.map((of) => ({
    metric: of.metric,
    slice: of.slice,
    strata: [stratumOf(of)],
  }));
  const exposures = batch.exposures.map(({ rolloutId, ...exposure }) => {
    invariant(rolloutId !== "", "an exposure belongs to a rollout");
    return exposure;
  });
  const timed = batch.evidence.flatMap((of) =>
    needs
      .filter(({ metric }) => metric === of.metric)
      .map(({ blockSeconds }) => ({
        metric: of.metric,
        slice: of.slice,
        blockSeconds,
        blocks: [blockOf(of, blockSeconds)],
      })),
  );
  return mergeEvidence(evidence, {
    metrics,
    exposures,
    ...(needs.length === 0 ? {} : { timed }),
  });
}

/** A block of one observation. Its place says when it was, so its cells do not. */
function blockOf(of: EvidenceIncrement, blockSeconds: number): EvidenceBlock {
  const blockMs = blockSeconds * 1_000;
  const { newestAtMs: _, ...cell } = of.cell;
  const undated = { ...of, cell } as EvidenceIncrement;
  return { startMs: Math.floor(of.minuteMs / blockMs) * blockMs, strata: [stratumOf(undated)] };
}

function stratumOf(of: EvidenceIncrement): StratumEvidence {
  return {
    stageIndex: of.stageIndex,
    propensityBps: of.propensityBps,
    baseline: of.arm === "baseline" ? of.cell : emptyCell(),
    candidate: of.arm === "candidate" ? of.cell : emptyCell(),
    pairs: of.arm === "pair" ? of.cell : emptyPairCell(),
  };
}
