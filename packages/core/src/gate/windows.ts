import type { Criterion } from "./criterion.ts";
import type { EvidenceBlock, RolloutEvidence, StageExposure, TimedEvidence } from "./evidence.ts";
import { delayNeeds } from "./label-delays.ts";
import { mergeBlocks } from "./merge-evidence.ts";
import type { MetricDefinition } from "./metric.ts";

/** Evidence by time that a criterion asks for: which metric, in blocks of which length. */
export type TimedNeed = {
  readonly metric: string;
  readonly blockSeconds: number;
  /** Requests later than this after the first live one do not count; null = all do. */
  readonly withinSeconds: number | null;
};

type Window = Pick<Criterion, "metric" | "withinSeconds" | "overSeconds">;

/**
 * The most restarts of a criterion with `over`, and so the most blocks that are kept of one: five days
 * of 15 minutes, twelve weeks of 4 hours. Later evidence counts into the last block: harm that begins
 * after the plan is found from the evidence of the last restart on.
 */
export const MOST_BLOCKS = 512;

/**
 * Planned restarts of a criterion: as many blocks as the rollout can have evidence for, where that is known
 * before the start. A restart that never comes has its stake for nothing: with a plan of 24 hours in
 * place of 512 a late beginning is met with 21 times the stake. Blocks are aligned to the clock and not
 * to the start, hence one more. Fixed by the strategy, never by the data; a rollout that lasts longer, held by
 * a person, restarts no more.
 *
 * @param longestSeconds How long the rollout gathers evidence at most; null when unknown.
 */
export function plannedBlocks(window: Window, longestSeconds: number | null): number {
  const blockSeconds = blockSecondsOf(window);
  if (blockSeconds === null || longestSeconds === null) return MOST_BLOCKS;
  return Math.min(MOST_BLOCKS, Math.ceil(longestSeconds / blockSeconds) + 1);
}

/** A window ends at a block's edge, so at most this part of it too late. */
const BLOCKS_PER_WINDOW = 240;

const MINUTE_SECONDS = 60;

/** The block length of a criterion in whole minutes; null when time is nothing to it. */
export function blockSecondsOf({ withinSeconds, overSeconds }: Window): number | null {
  const wanted = overSeconds ?? (withinSeconds === null ? null : withinSeconds / BLOCKS_PER_WINDOW);
  return wanted === null ? null : Math.max(1, Math.ceil(wanted / MINUTE_SECONDS)) * MINUTE_SECONDS;
}

/** What a gate's criteria and the delays of its metrics need by time; the widest window where two need the same blocks. */
export function timedNeeds(
  criteria: readonly Window[],
  metrics: readonly MetricDefinition[],
): readonly TimedNeed[] {
  const needs = new Map<string, TimedNeed>(
    delayNeeds(criteria, metrics).map((need) => [keyOf(need), need]),
  );
  for (const criterion of criteria) {
    const blockSeconds = blockSecondsOf(criterion);
    if (blockSeconds === null) continue;
    const { metric, withinSeconds } = criterion;
    const key = keyOf({ metric, blockSeconds });
    const known = needs.get(key);
    const widest =
      known === undefined ? withinSeconds : widerWindow(known.withinSeconds, withinSeconds);
    needs.set(key, { metric, blockSeconds, withinSeconds: widest });
  }
  return [...needs.values()];
}

function keyOf({ metric, blockSeconds }: Pick<TimedNeed, "metric" | "blockSeconds">): string {
  return JSON.stringify([metric, blockSeconds]);
}

function widerWindow(left: number | null, right: number | null): number | null {
  return left === null || right === null ? null : Math.max(left, right);
}

/** The first request that the candidate might have got; null before any. */
export function liveSinceMs(exposures: readonly StageExposure[]): number | null {
  let since: number | null = null;
  for (const { propensityBps, firstObservedAtMs } of exposures) {
    if (propensityBps <= 0 || firstObservedAtMs === undefined || firstObservedAtMs === null)
      continue;
    since = since === null ? firstObservedAtMs : Math.min(since, firstObservedAtMs);
  }
  return since;
}

/**
 * The blocks that begin within the window: what came before the first live request (shadow) and the
 * first so many seconds after it.
 */
export function blocksWithin(
  blocks: readonly EvidenceBlock[],
  withinSeconds: number | null,
  sinceMs: number | null,
): readonly EvidenceBlock[] {
  if (withinSeconds === null || sinceMs === null) return blocks;
  const endMs = sinceMs + withinSeconds * 1_000;
  return blocks.filter(({ startMs }) => startMs < endMs);
}

/**
 * The timed evidence that the criteria can use: no block that counts for none of them, and at most
 * {@link MOST_BLOCKS} of each, counted from when the tests began. Judging it gives what judging all of it
 * gives.
 */
export function neededTimes(
  evidence: RolloutEvidence,
  of: {
    readonly criteria: readonly Window[];
    readonly metrics: readonly MetricDefinition[];
    /** When the tests began; null when unknown, then with the first block. */
    readonly sinceMs: number | null;
  },
): Pick<RolloutEvidence, "timed"> {
  const { timed, exposures } = evidence;
  const { criteria, metrics } = of;
  if (timed === undefined) return {};
  const needs = timedNeeds(criteria, metrics);
  const liveMs = liveSinceMs(exposures);
  return {
    timed: timed.flatMap((entry) => {
      const need = needs.find(
        ({ metric, blockSeconds }) =>
          metric === entry.metric && blockSeconds === entry.blockSeconds,
      );
      if (need === undefined) return [];
      const blocks = blocksWithin(entry.blocks, need.withinSeconds, liveMs);
      const isJudged = criteria.some(
        (judged) => judged.metric === entry.metric && blockSecondsOf(judged) === entry.blockSeconds,
      );
      if (!isJudged) return [{ ...entry, blocks: recentBlocks({ ...entry, blocks }) }];
      const anchored = anchoredBlocks({ ...entry, blocks }, of.sinceMs);
      return [{ ...entry, blocks: boundedBlocks({ ...entry, blocks: anchored }) }];
    }),
  };
}

/**
 * Blocks from the one in which the tests began, which may be empty. Counted from the first block with
 * evidence, a late label for an earlier request would move every restart of the plan, and the mixture
 * over restarts would be no e-process. What a clock that is slow puts before the beginning is of it.
 */
function anchoredBlocks(
  { blocks, blockSeconds }: Pick<TimedEvidence, "blocks" | "blockSeconds">,
  sinceMs: number | null,
): readonly EvidenceBlock[] {
  const first = blocks[0];
  if (first === undefined || sinceMs === null) return blocks;
  const blockMs = blockSeconds * 1_000;
  const beginMs = Math.floor(sinceMs / blockMs) * blockMs;
  if (first.startMs === beginMs) return blocks;
  if (first.startMs > beginMs) return [{ startMs: beginMs, strata: [] }, ...blocks];
  return mergeBlocks(
    blocks.map((block) => ({ ...block, startMs: Math.max(block.startMs, beginMs) })),
  );
}

/** Blocks beyond the plan become part of its last one. */
export function boundedBlocks({
  blocks,
  blockSeconds,
}: Pick<TimedEvidence, "blocks" | "blockSeconds">): readonly EvidenceBlock[] {
  const first = blocks[0];
  if (first === undefined) return blocks;
  const lastMs = first.startMs + (MOST_BLOCKS - 1) * blockSeconds * 1_000;
  if (blocks.every(({ startMs }) => startMs <= lastMs)) return blocks;
  return mergeBlocks(
    blocks.map((block) => ({ ...block, startMs: Math.min(block.startMs, lastMs) })),
  );
}

/** Where only the newest times matter, older blocks become part of the oldest that is kept. */
function recentBlocks({
  blocks,
  blockSeconds,
}: Pick<TimedEvidence, "blocks" | "blockSeconds">): readonly EvidenceBlock[] {
  const newest = blocks.at(-1);
  if (newest === undefined) return blocks;
  const firstMs = newest.startMs - (MOST_BLOCKS - 1) * blockSeconds * 1_000;
  if (blocks.every(({ startMs }) => startMs >= firstMs)) return blocks;
  return mergeBlocks(
    blocks.map((block) => ({ ...block, startMs: Math.max(block.startMs, firstMs) })),
  );
}
