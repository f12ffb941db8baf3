import type { Criterion } from "../gate/criterion.ts";
import type { EvidenceBlock, TimedEvidence } from "../gate/evidence.ts";
import { ALL_TRAFFIC } from "../gate/evidence.ts";
import { delayNeeds } from "../gate/label-delays.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import { blockSecondsOf, MOST_BLOCKS, timedNeeds } from "../gate/windows.ts";
import type { StratumTally, TallyShape } from "./cell-tally.ts";
import { addStratum, emptyTally, isEmpty, matureStratum, stratumEvidence } from "./cell-tally.ts";
import type { Random } from "./random.ts";
import { drawMultinomial } from "./random.ts";

/** What is kept by time for a strategy's criteria, and of which requests are only counted. */
export type TimeNeeds = {
  readonly judged: readonly {
    readonly metric: string;
    readonly blockMs: number;
    /** Blocks that begin later than this after the first live request are not kept; null: all are. */
    readonly withinMs: number | null;
    /**
     * Whether only the sum matters, as where nothing but one window asks for time: then one block has it
     * all, which is judged as the store's many are, in a tenth of the time.
     */
    readonly isSum: boolean;
  }[];
  /** For the delays of labels: the times of the candidate's answers are enough. */
  readonly counted: readonly { readonly metric: string; readonly blockMs: number }[];
};

/** The same needs that the store loads by; see windows.ts. */
export function timeNeedsOf(
  criteria: readonly Criterion[],
  metrics: readonly MetricDefinition[],
): TimeNeeds {
  const ofDelays = delayNeeds(criteria, metrics);
  const judged = timedNeeds(criteria, []);
  const counted = ofDelays.filter(
    (delay) =>
      !judged.some((of) => of.metric === delay.metric && of.blockSeconds === delay.blockSeconds),
  );
  return {
    judged: judged.map(({ metric, blockSeconds, withinSeconds }) => ({
      metric,
      blockMs: blockSeconds * 1_000,
      withinMs: withinSeconds === null ? null : withinSeconds * 1_000,
      isSum: criteria
        .filter((of) => of.metric === metric && blockSecondsOf(of) === blockSeconds)
        .every((of) => (of.overSeconds ?? null) === null && of.withinSeconds === withinSeconds),
    })),
    counted: counted.map(({ metric, blockSeconds }) => ({ metric, blockMs: blockSeconds * 1_000 })),
  };
}

type At = { readonly stageIndex: number; readonly propensityBps: number };
type BlockStratum = At & { readonly known: StratumTally; readonly pending: StratumTally };
type Block = {
  readonly startMs: number;
  readonly strata: Map<number, BlockStratum>;
  /** What was given last, until something changes: the gate decodes a block once. */
  built: EvidenceBlock | null;
};
type JudgedNeed = TimeNeeds["judged"][number];
type Kept = {
  readonly slice: string;
  readonly need: JudgedNeed;
  readonly blocks: Map<number, Block>;
  /** Those that labels are waited for in. */
  readonly pending: Set<Block>;
};

type Counted = TimeNeeds["counted"][number] & { readonly blocks: Map<number, Block> };

/** Evidence by the time of the request, in blocks, of the metrics and lengths that the criteria name. */
export function createTimes(random: Random, needs: TimeNeeds) {
  const kept = new Map<string, Kept>();
  const counted: readonly Counted[] = needs.counted.map((of) => ({ ...of, blocks: new Map() }));
  let liveSinceMs: number | null = null;

  const endOf = ({ withinMs }: JudgedNeed): number =>
    withinMs === null || liveSinceMs === null ? Number.POSITIVE_INFINITY : liveSinceMs + withinMs;
  const wantedAt = (atMs: number) =>
    needs.judged.filter((need) => startOf(atMs, need.blockMs) < endOf(need));
  const keptOf = (need: JudgedNeed, slice: string): Kept => {
    const key = `${need.metric}\n${slice}\n${need.blockMs}`;
    const entry: Kept = kept.get(key) ?? { slice, need, blocks: new Map(), pending: new Set() };
    kept.set(key, entry);
    return entry;
  };

  return {
    /** The first request that the candidate might have got. */
    goLive: (atMs: number): void => {
      liveSinceMs ??= atMs;
    },
    /** The stretches of a step that lie within one block of every need. */
    parts: (fromMs: number, untilMs: number): readonly (readonly [number, number])[] =>
      stretchesOf(
        wantedAt(fromMs).flatMap((need) => edgesOf(need, endOf(need), { fromMs, untilMs })),
        fromMs,
        untilMs,
      ),
    add: (fresh: StratumTally, of: Observed): void => {
      for (const need of wantedAt(of.atMs)) {
        if (need.metric !== of.metric) continue;
        const entry = keptOf(need, of.slice);
        const block = blockAt(entry.blocks, boundedStart(entry, of.atMs));
        const stratum = stratumAt(block, of, fresh.shape);
        addStratum(of.isPending ? stratum.pending : stratum.known, fresh);
        if (of.isPending) entry.pending.add(block);
      }
    },
    /** Candidate answers of a stretch, spread over the blocks that are only counted. */
    count: (answers: number, of: Stretch): void => {
      for (const { blockMs, blocks } of counted) {
        countInto(random, { ...of, answers, blockMs }, blocks);
        keepRecent(blocks, blockMs, of.untilMs);
      }
    },
    mature: (chanceOf: (metric: string) => number): void => {
      for (const { need, pending } of kept.values()) {
        matureBlocks(random, chanceOf(need.metric), pending);
      }
    },
    evidence: (): readonly TimedEvidence[] => [
      ...[...kept.values()].map(({ slice, need, blocks }) => timedOf({ ...need, slice }, blocks)),
      ...counted.map((of) => timedOf({ ...of, slice: ALL_TRAFFIC }, of.blocks)),
    ],
  };
}

type Observed = At & {
  readonly metric: string;
  readonly slice: string;
  readonly atMs: number;
  readonly isPending: boolean;
};

type Stretch = At & { readonly fromMs: number; readonly untilMs: number };

const startOf = (atMs: number, blockMs: number): number => Math.floor(atMs / blockMs) * blockMs;

/** Where a step must be cut for one need: at the edges of its blocks, or only where its window ends. */
function edgesOf(
  { blockMs, isSum }: JudgedNeed,
  endMs: number,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): number[] {
  if (isSum) {
    const edge = Math.ceil(endMs / blockMs) * blockMs;
    return edge > fromMs && edge < untilMs ? [edge] : [];
  }
  const edges: number[] = [];
  let edge = startOf(fromMs, blockMs) + blockMs;
  for (; edge < untilMs; edge += blockMs) edges.push(edge);
  return edges;
}

function stretchesOf(
  edges: readonly number[],
  fromMs: number,
  untilMs: number,
): readonly (readonly [number, number])[] {
  const ends = [...new Set([...edges, untilMs])].toSorted((left, right) => left - right);
  return ends.map((end, index) => [ends[index - 1] ?? fromMs, end] as const);
}

function matureBlocks(random: Random, chance: number, pending: Set<Block>): void {
  for (const block of pending) {
    let isWaiting = false;
    for (const stratum of block.strata.values()) {
      if (isEmpty(stratum.pending)) continue;
      matureStratum(random, chance, stratum);
      block.built = null;
      isWaiting ||= !isEmpty(stratum.pending);
    }
    if (!isWaiting) pending.delete(block);
  }
}

/** Blocks beyond the plan of restarts become part of its last one, as in `boundedBlocks`. */
function boundedStart({ need, blocks }: Kept, atMs: number): number {
  const startMs = startOf(atMs, need.blockMs);
  const first: number | undefined = blocks.keys().next().value;
  if (need.isSum) return first ?? startMs;
  return first === undefined
    ? startMs
    : Math.min(startMs, first + (MOST_BLOCKS - 1) * need.blockMs);
}

function blockAt(blocks: Map<number, Block>, startMs: number): Block {
  const block = blocks.get(startMs) ?? { startMs, strata: new Map(), built: null };
  block.built = null;
  blocks.set(startMs, block);
  return block;
}

function stratumAt(
  { strata }: Block,
  { stageIndex, propensityBps }: At,
  shape: TallyShape,
): BlockStratum {
  const stratum = strata.get(stageIndex) ?? {
    stageIndex,
    propensityBps,
    known: emptyTally(shape),
    pending: emptyTally(shape),
  };
  strata.set(stageIndex, stratum);
  return stratum;
}

/** Of what is only counted no value is known. */
const COUNTED: TallyShape = { bins: [0], areUnits: false };

function countInto(
  random: Random,
  of: Stretch & { readonly answers: number; readonly blockMs: number },
  blocks: Map<number, Block>,
): void {
  const { fromMs, untilMs, blockMs } = of;
  const first = startOf(fromMs, blockMs);
  const starts = Array.from(
    { length: Math.ceil((untilMs - first) / blockMs) },
    (_, index) => first + index * blockMs,
  );
  const shares = starts.map(
    (start) => (Math.min(untilMs, start + blockMs) - Math.max(fromMs, start)) / (untilMs - fromMs),
  );
  drawMultinomial(random, { count: of.answers, shares }, (index, answers) => {
    const { known } = stratumAt(blockAt(blocks, starts[index] as number), of, COUNTED);
    known.candidate.add(0, answers);
  });
}

/**
 * What is older than eight delays (a block is an eighth of one) is old enough whenever exactly it was, and
 * becomes part of the oldest block. Done for many at once, since it rebuilds the list.
 */
const RECENT_BLOCKS = 64;

function keepRecent(blocks: Map<number, Block>, blockMs: number, untilMs: number): void {
  if (blocks.size < 2 * RECENT_BLOCKS) return;
  const firstMs = (Math.ceil(untilMs / blockMs) - RECENT_BLOCKS) * blockMs;
  const old = [...blocks.values()].filter(({ startMs }) => startMs < firstMs);
  const into: Block = { startMs: firstMs, strata: new Map(), built: null };
  for (const { startMs, strata } of [...old, blocks.get(firstMs) ?? into]) {
    for (const stratum of strata.values())
      addStratum(stratumAt(into, stratum, COUNTED).known, stratum.known);
    blocks.delete(startMs);
  }
  const rest = [...blocks];
  blocks.clear();
  blocks.set(firstMs, into);
  for (const [startMs, block] of rest) blocks.set(startMs, block);
}

function timedOf(
  of: { readonly metric: string; readonly slice: string; readonly blockMs: number },
  blocks: ReadonlyMap<number, Block>,
): TimedEvidence {
  const { metric, slice, blockMs } = of;
  const built = [...blocks.values()].map((block) => {
    block.built ??= {
      startMs: block.startMs,
      strata: [...block.strata.values()].map((stratum) => stratumEvidence(stratum.known, stratum)),
    };
    return block.built;
  });
  return { metric, slice, blockSeconds: blockMs / 1_000, blocks: built };
}
