import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { JsonObject, Strategy } from "@spillway/core";
import { AppError, isJsonObject, METRIC_CATALOGUE } from "@spillway/core";
import { parse } from "yaml";
import { parseStrategyDocument } from "../compose-stores.ts";
import type { GatewayStage } from "./gateway-player.ts";
import { openGatewayStage } from "./gateway-player.ts";
import type { BacktestResult } from "./play-pair.ts";
import { playPair } from "./play-pair.ts";
import { createMemoryPlayer } from "./player.ts";
import { listPairs, loadPair } from "./recordings.ts";
import { createRandom, trafficOf } from "./traffic.ts";

export type { BacktestResult } from "./play-pair.ts";

export type BacktestOptions = {
  readonly recordingsDir: string;
  readonly pairIds: readonly string[] | "all";
  /** A strategy file; absent: packages/server/strategies/shadow-first.yaml. */
  readonly strategyFile?: string;
  /** Order of the items, and who is assigned where, follow from it. */
  readonly seed: number;
  /** Over real HTTP through a gateway, a control plane and a database of its own. */
  readonly throughGateway: boolean;
  readonly onProgress?: (text: string) => void;
};

const DEFAULT_STRATEGY = fileURLToPath(
  new URL("../../strategies/shadow-first.yaml", import.meta.url),
);
/** Virtual time begins here; any fixed moment would do. */
const START_MS = Date.UTC(2026, 0, 5);

/** Plays recorded pairs, one result as each ends. Same seed, same results, in both ways of playing. */
export async function* runBacktest(options: BacktestOptions): AsyncGenerator<BacktestResult> {
  const progress = options.onProgress ?? (() => {});
  const { document, strategy } = await loadStrategy(options.strategyFile ?? DEFAULT_STRATEGY);
  const ids = options.pairIds === "all" ? await listPairs(options.recordingsDir) : options.pairIds;
  const stage = options.throughGateway ? await openGatewayStage(progress) : null;
  try {
    for (const [index, pair] of ids.entries()) {
      progress(`${pair} (${index + 1} of ${ids.length})`);
      yield await playOne({ ...options, pair, document, strategy, stage });
    }
  } finally {
    await stage?.close();
  }
}

async function playOne(options: {
  readonly recordingsDir: string;
  readonly pair: string;
  readonly seed: number;
  readonly document: JsonObject;
  readonly strategy: Strategy;
  readonly stage: GatewayStage | null;
}): Promise<BacktestResult> {
  const { pair, strategy, stage } = options;
  const recorded = await loadPair(options.recordingsDir, pair);
  const items = trafficOf(recorded, createRandom(options.seed));
  if (items.length === 0) {
    throw new AppError("invalid_request", `${pair} has no item with a score on both sides.`);
  }
  const salt = `seed-${options.seed}`;
  const player =
    stage === null
      ? createMemoryPlayer({ strategy, metrics: METRIC_CATALOGUE, startMs: START_MS, salt })
      : await stage.createPlayer({
          items,
          strategyDocument: options.document,
          salt,
          startMs: START_MS,
        });
  return await playPair({ pair, items, strategy, player, startMs: START_MS });
}

async function loadStrategy(
  path: string,
): Promise<{ readonly document: JsonObject; readonly strategy: Strategy }> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new AppError("not_found", `The strategy file ${path} cannot be read.`, { cause });
  });
  const document: unknown = parse(text);
  if (!isJsonObject(document)) {
    throw new AppError("invalid_configuration", `${path} holds no strategy.`);
  }
  const parsed = parseStrategyDocument(document);
  if (parsed.kind === "strategy") return { document, strategy: parsed.strategy };
  const list = parsed.problems.map((problem) => `${problem.path}: ${problem.message}`).join("\n");
  throw new AppError("invalid_configuration", `${path} cannot be used.\n${list}`);
}
