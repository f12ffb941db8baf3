import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { JsonObject, Strategy } from "@spillway/core";
import { AppError, isJsonObject, METRIC_CATALOGUE, SLICES_MAX } from "@spillway/core";
import { parse } from "yaml";
import { parseStrategyDocument } from "../compose-stores.ts";
import type { GatewayStage } from "./gateway-player.ts";
import { openGatewayStage } from "./gateway-player.ts";
import { operationalMoves } from "./operational.ts";
import { planPair } from "./plan-pair.ts";
import type { BacktestResult } from "./play-pair.ts";
import { playPair } from "./play-pair.ts";
import { playableStrategy } from "./playable-strategy.ts";
import { createMemoryPlayer, SLICE_ATTRIBUTE } from "./player.ts";
import { recordedMetrics, withExpectations } from "./recorded-metrics.ts";
import type { RecordedPair } from "./recordings.ts";
import { listPairs, listSameVersionPairs, loadPair } from "./recordings.ts";
import type { TrafficItem } from "./traffic.ts";
import { createRandom, trafficOf } from "./traffic.ts";

export type { BacktestResult } from "./play-pair.ts";
export type { BacktestSummary } from "./summarise.ts";
export { summarise } from "./summarise.ts";

export type BacktestOptions = {
  readonly recordingsDir: string;
  readonly pairIds: readonly string[] | "all";
  /** Also each version that the pairs start from beside itself, where there is nothing to find. */
  readonly withSameVersion?: boolean;
  /**
   * A strategy file, or the bare name of one of packages/server/strategies; absent: shadow-first.
   */
  readonly strategyFile?: string;
  /** Each pair is played once for each. Order of the items, and who is assigned where, follow from it. */
  readonly seeds: readonly number[];
  /** Over real HTTP through a gateway, a control plane and a database of its own. */
  readonly throughGateway: boolean;
  readonly onProgress?: (text: string) => void;
};

const STRATEGIES = new URL("../../strategies/", import.meta.url);
const DEFAULT_STRATEGY = "shadow-first";
/** Virtual time begins here; any fixed moment would do. */
const START_MS = Date.UTC(2026, 0, 5);
/** What evaluation behind a gateway scores of a recording; on a clock that is moved by hand nothing takes time. */
const METRICS_THROUGH_GATEWAY: ReadonlySet<string> = new Set(["quality"]);

/** Plays recorded pairs, one result as each ends. Same seed, same results, in both ways of playing. */
export async function* runBacktest(options: BacktestOptions): AsyncGenerator<BacktestResult> {
  const progress = options.onProgress ?? (() => {});
  const file = await readStrategyFile(options.strategyFile ?? DEFAULT_STRATEGY);
  // As a whole first: what is wrong with it is not to depend on what a recording can play.
  strategyOf(file.document, file.path);
  const { recordingsDir, pairIds } = options;
  const listed = pairIds === "all" ? await listPairs(recordingsDir) : pairIds;
  const same =
    options.withSameVersion === true ? await listSameVersionPairs(recordingsDir, listed) : [];
  const ids = [...listed, ...same];
  const stage = options.throughGateway ? await openGatewayStage(progress) : null;
  try {
    for (const [index, pair] of ids.entries()) {
      progress(`${pair} (${index + 1} of ${ids.length})`);
      const recorded = await loadPair(recordingsDir, pair);
      for (const seed of options.seeds) yield await playOne({ recorded, file, seed, stage });
    }
  } finally {
    await stage?.close();
  }
}

type StrategyFile = { readonly path: string; readonly document: JsonObject };

async function playOne(of: {
  readonly recorded: RecordedPair;
  readonly file: StrategyFile;
  readonly seed: number;
  readonly stage: GatewayStage | null;
}): Promise<BacktestResult> {
  const { recorded, seed, stage } = of;
  const pair = recorded.id;
  const items = trafficOf(recorded, createRandom(seed));
  if (items.length === 0) {
    throw new AppError("invalid_request", `${pair} has no item with a score on both sides.`);
  }
  const known = stage === null ? recordedMetrics(items) : METRICS_THROUGH_GATEWAY;
  const { document: written, notJudged } = playableStrategy(of.file.document, known);
  const document = { slices: slicesOfItems(items), ...written };
  const strategy = strategyOf(document, of.file.path);
  const metrics = withExpectations(METRIC_CATALOGUE, recorded.baseline.values());
  const salt = `seed-${seed}`;
  const player =
    stage === null
      ? createMemoryPlayer({ strategy, metrics, startMs: START_MS, salt })
      : await stage.createPlayer({ items, strategyDocument: document, salt, startMs: START_MS });
  const played = await playPair({ pair, items, strategy, player, startMs: START_MS });
  const plan = planPair(items, { strategy, metrics, published: recorded.published });
  return {
    ...played,
    seed,
    strategy: strategy.name,
    alpha: strategy.confidence.alpha,
    isSameVersion: recorded.baselineVersion === recorded.candidateVersion,
    published: recorded.published,
    plan,
    isUndecidable: played.outcome === "held" && plan !== null && !plan.suffices,
    operational: operationalMoves(items, metrics, strategy.confidence),
    notJudged,
  };
}

/** The recording is all the traffic that there is, so its categories are known before it is played. */
function slicesOfItems(items: readonly TrafficItem[]): string[] {
  const categories = [...new Set(items.map(({ category }) => category))];
  const named = categories.filter((category) => category !== "").toSorted();
  return named.slice(0, SLICES_MAX).map((category) => `${SLICE_ATTRIBUTE}=${category}`);
}

/** A bare name is that of a strategy which comes with the product. */
async function readStrategyFile(name: string): Promise<StrategyFile> {
  const isBareName = /^[\w-]+$/.test(name);
  const path = isBareName ? fileURLToPath(new URL(`${name}.yaml`, STRATEGIES)) : name;
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new AppError("not_found", `The strategy file ${path} cannot be read.`, { cause });
  });
  const document: unknown = parse(text);
  if (isJsonObject(document)) return { path, document };
  throw new AppError("invalid_configuration", `${path} holds no strategy.`);
}

function strategyOf(document: JsonObject, path: string): Strategy {
  const parsed = parseStrategyDocument(document);
  if (parsed.kind === "strategy") return parsed.strategy;
  const list = parsed.problems.map((problem) => `${problem.path}: ${problem.message}`).join("\n");
  throw new AppError("invalid_configuration", `${path} cannot be used.\n${list}`);
}
