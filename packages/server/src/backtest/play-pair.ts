import type { Strategy } from "@spillway/core";
import type { OperationalMove } from "./operational.ts";
import type { PairPlan } from "./plan-pair.ts";
import type { PlayedRequest, PlayedView, Player } from "./player.ts";
import { SLICE_ATTRIBUTE } from "./player.ts";
import type { PublishedVerdict } from "./recordings.ts";
import type { TrafficItem } from "./traffic.ts";

/** How a play ended. */
export type Played = {
  readonly pair: string;
  readonly outcome: "completed" | "rolled_back" | "held";
  /** The stage it ended in, or was taken back in. */
  readonly stage: string;
  readonly reason: string;
  readonly metric: string | null;
  readonly slice: string | null;
  readonly observations: number;
  /** Requests that the candidate answered to users. */
  readonly exposed: number;
  readonly virtualHours: number;
};

/** How a play ended, with what is known of the pair besides. */
export type BacktestResult = Played & {
  readonly seed: number;
  readonly strategy: string;
  /** The chance of taking back a candidate that is not worse, as the strategy bounds it. */
  readonly alpha: number;
  /** The same version on both sides: there is no difference to be found. */
  readonly isSameVersion: boolean;
  readonly published: PublishedVerdict | null;
  readonly plan: PairPlan | null;
  /** Held, and the recording is too small for anything else to be expected. */
  readonly isUndecidable: boolean;
  readonly operational: Readonly<Record<string, OperationalMove>>;
  /** Criteria of the strategy that the recording has no values for, and that were set aside. */
  readonly notJudged: readonly string[];
};

const HOUR_MS = 3_600_000;
/** A recording lasts for the strategy's least durations and this much longer, for stages that extend. */
const RESERVE = 1.25;
/** A strategy without durations is played at a request every so often. */
const LEAST_HOURS = 1;
/** Decisions are looked for this many times over the least durations, and at least once an hour. */
const STEPS = 400;
const MOST_STEP_MS = HOUR_MS;
/** Once all is asked only time passes, and this part of the shortest duration at a time will do. */
const IDLE_PART = 1 / 8;
/** Longer than any strategy; a bound, not a wish. */
const MOST_HOURS = 24 * 120;

/**
 * Plays a recording against a strategy on a virtual clock until the rollout ends or is held for a
 * person. The recording is the whole traffic: each item is asked once, in random order, at a rate that
 * makes it last for the strategy's least durations and a quarter longer. Nothing is asked twice, since
 * a repeated recording is no new observation: a small recording cannot prove more than it holds.
 */
export async function playPair(options: {
  readonly pair: string;
  readonly items: readonly TrafficItem[];
  readonly strategy: Strategy;
  readonly player: Player;
  readonly startMs: number;
}): Promise<Played> {
  const { items, player, startMs } = options;
  const lengthMs = leastHours(options.strategy) * RESERVE * HOUR_MS;
  const gapMs = lengthMs / Math.max(1, items.length);
  const stepMs = Math.min(MOST_STEP_MS, Math.max(gapMs, lengthMs / STEPS));
  const idleMs = idleStepMs(options.strategy);
  let view: PlayedView | null = null;
  let arrivals = 0;
  let nowMs = startMs;
  while (nowMs - startMs < MOST_HOURS * HOUR_MS) {
    nowMs += arrivals < items.length ? stepMs : idleMs;
    const due = Math.min(items.length, Math.floor((nowMs - startMs) / gapMs + 1e-9));
    const requests = items
      .slice(arrivals, due)
      .map((item, index): PlayedRequest => ({ requestId: `r${arrivals + index}`, item }));
    arrivals = due;
    view = await player.play(requests, Math.round(nowMs));
    if (hasEnded(view)) break;
  }
  return resultOf(options, { view, nowMs });
}

function leastHours(strategy: Strategy): number {
  const seconds = strategy.stages.reduce((sum, stage) => sum + stage.least.durationSeconds, 0);
  return Math.max(LEAST_HOURS, seconds / 3_600);
}

function idleStepMs({ stages }: Strategy): number {
  const seconds = stages.flatMap(({ least, mostSeconds }) => [
    least.durationSeconds,
    mostSeconds ?? 0,
  ]);
  const shortest = Math.min(...seconds.filter((duration) => duration > 0));
  return Number.isFinite(shortest)
    ? Math.max(MOST_STEP_MS, shortest * 1000 * IDLE_PART)
    : MOST_STEP_MS;
}

/** Ended, or waiting for a person who will not come in a backtest. */
function hasEnded({ state, code }: PlayedView): boolean {
  const isPersonsTurn = state === "held" && (code === "undecided" || code === "approval");
  return isPersonsTurn || state === "completed" || state === "rolled_back" || state === "aborted";
}

function resultOf(
  options: {
    readonly pair: string;
    readonly strategy: Strategy;
    readonly player: Player;
    readonly startMs: number;
  },
  end: { readonly view: PlayedView | null; readonly nowMs: number },
): Played {
  const { view, nowMs } = end;
  const outcome =
    view?.state === "completed" || view?.state === "rolled_back" ? view.state : "held";
  const { stages } = options.strategy;
  const index = view?.stageIndex ?? null;
  const stage = index === null ? stages.at(-1) : stages[index];
  const culprit = outcome === "completed" ? null : (view?.culprit ?? null);
  return {
    pair: options.pair,
    outcome,
    stage: stage?.kind ?? "",
    reason: view?.reason ?? "",
    metric: culprit?.metric ?? null,
    slice: culprit === null ? null : plainSlice(culprit.slice),
    observations: view?.observations ?? 0,
    exposed: options.player.exposed(),
    virtualHours: Number(((nowMs - options.startMs) / HOUR_MS).toFixed(2)),
  };
}

/** "category=prime_no" is "prime_no" to people who know the recording. */
function plainSlice(slice: string): string {
  const prefix = `${SLICE_ATTRIBUTE}=`;
  return slice.startsWith(prefix) ? slice.slice(prefix.length) : slice;
}
