import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonObject } from "@spillway/core";
import { AppError, invariant } from "@spillway/core";
import type { ControlPlane } from "../compose-control.ts";
import { createControlPlane } from "../compose-control.ts";
import type { GatewayPlane } from "../compose-gateway.ts";
import { createGatewayPlane } from "../compose-gateway.ts";
import type { Runtime } from "../compose-runtime.ts";
import { createTemporaryDatabase } from "../compose-temporary-database.ts";
import type { Clock } from "../ports.ts";
import { createSystemWall } from "../telemetry/clocks.ts";
import { createIds } from "../telemetry/ids.ts";
import { createLog } from "../telemetry/log.ts";
import type { PlayedRequest, PlayedView, Player } from "./player.ts";
import { observationsIn, SLICE_ATTRIBUTE } from "./player.ts";
import { writeRecordedFolder } from "./recorded-folder.ts";
import type { TrafficItem } from "./traffic.ts";

/** A whole installation of its own on a clock that is moved by hand: database, control plane, gateway. */
export type GatewayStage = {
  readonly createPlayer: (options: {
    readonly items: readonly TrafficItem[];
    readonly strategyDocument: JsonObject;
    readonly salt: string;
    readonly startMs: number;
  }) => Promise<Player>;
  readonly close: () => Promise<void>;
};

const GATEWAY_TOKEN = "backtest";

export async function openGatewayStage(onProgress: (words: string) => void): Promise<GatewayStage> {
  const folder = await mkdtemp(join(tmpdir(), "spillway-backtest-"));
  const database = await createTemporaryDatabase(folder, onProgress);
  let nowMs = 0;
  // Recorded latencies pass at once: they are on the clock, and the clock is ours.
  const clock: Clock = { nowMs: () => nowMs, speed: Infinity, sleep: async () => {} };
  const wall = createSystemWall();
  const ids = createIds({ nowMs: wall.nowMs });
  const runtime: Runtime = { clock, wall, ids, log: createLog({ level: "error" }) };
  const control = await createControlPlane({
    databaseUrl: database.url,
    gatewayToken: GATEWAY_TOKEN,
    staticDir: null,
    runtime,
    bodyLimitBytes: 64 * 1024 * 1024,
  });
  const address = await control.server.listen({ host: "127.0.0.1", port: 0 });
  const controlUrl = `http://127.0.0.1:${address.port}`;
  const gateway = await createGatewayPlane({
    runtime,
    dataDir: join(folder, "gateway"),
    controlUrl,
    gatewayToken: GATEWAY_TOKEN,
    recordingsDir: folder,
    providers: [],
    bodyLimitBytes: 10 * 1024 * 1024,
  });
  await gateway.gateway.listen(0);
  invariant(control.firstKeys !== null, "a new database has no keys");
  const stage = { control, gateway, controlUrl, keys: control.firstKeys, folder };
  let players = 0;
  return {
    createPlayer: async (options) => {
      players += 1;
      nowMs = options.startMs;
      const moveTo = (toMs: number): void => {
        nowMs = toMs;
      };
      return await createGatewayPlayer(stage, { ...options, moveTo, key: `backtest-${players}` });
    },
    close: async () => {
      await gateway.close();
      await control.close();
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

type Stage = {
  readonly control: ControlPlane;
  readonly gateway: GatewayPlane;
  readonly controlUrl: string;
  readonly keys: { readonly admin: string; readonly gateway: string };
  readonly folder: string;
};

/** Plays over real HTTP: requests to the gateway, everything else as in production. */
async function createGatewayPlayer(
  stage: Stage,
  options: {
    readonly items: readonly TrafficItem[];
    readonly strategyDocument: JsonObject;
    readonly salt: string;
    readonly key: string;
    readonly moveTo: (nowMs: number) => void;
  },
): Promise<Player> {
  const rolloutId = await prepareRollout(stage, options);
  let culprit: PlayedView["culprit"] = null;
  let exposed = 0;
  return {
    exposed: () => exposed,
    play: async (requests, nowMs) => {
      options.moveTo(nowMs);
      await Promise.all(requests.map((request) => ask(stage, options.key, request)));
      await stage.gateway.settled();
      while ((await stage.control.evaluate.pass()) > 0);
      await stage.control.reconcile.pass();
      await stage.gateway.pullSnapshot();
      const detail = await call(stage, `/api/v1/rollouts/${rolloutId}`);
      const view = viewOf(detail, culprit);
      culprit = view.culprit;
      exposed = exposedIn(detail);
      return view;
    },
  };
}

async function prepareRollout(
  stage: Stage,
  options: {
    readonly items: readonly TrafficItem[];
    readonly strategyDocument: JsonObject;
    readonly salt: string;
    readonly key: string;
  },
): Promise<string> {
  const { key } = options;
  const recorded = await writeRecordedFolder(stage.folder, key, options.items);
  const prompt = { kind: "prompt", name: key, label: "v1", content: PASS_THROUGH };
  const model = (label: string, id: string): JsonObject => ({
    kind: "model",
    name: key,
    label,
    content: { provider: "recorded", id },
  });
  const dataset = { kind: "dataset", name: key, label: "v1", content: { cases: recorded.cases } };
  const release = (label: string): JsonObject => ({
    feature: key,
    components: { prompt: `${key}:v1`, model: `${key}:${label}`, dataset: `${key}:v1` },
  });
  await call(stage, "/api/v1/apply", {
    features: [featureOf(key, options.salt)],
    components: [
      prompt,
      dataset,
      model("baseline", recorded.baselineModel),
      model("candidate", recorded.candidateModel),
    ],
    releases: [release("baseline"), release("candidate")],
    baselines: [{ feature: key, release: `${key}@1` }],
  });
  const rollout = await call(stage, "/api/v1/rollouts", {
    feature: key,
    candidate: `${key}@2`,
    strategy: options.strategyDocument,
  });
  const { id } = rollout as unknown as { readonly id: string };
  await call(stage, `/api/v1/rollouts/${id}/actions/start`, {});
  await stage.gateway.pullSnapshot();
  return id;
}

/** A system message is the least that a prompt is; the recordings do not depend on it. */
const PASS_THROUGH = { messages: [{ role: "system", content: "Answer the question." }] };

function featureOf(key: string, salt: string): JsonObject {
  return {
    key,
    title: "Backtest",
    owner: "backtest",
    tier: 2,
    assignment: { unit: "request", onMissing: "error", salt },
    slices: [SLICE_ATTRIBUTE],
    fallback: { kind: "static", text: "" },
    scorers: [{ kind: "judged_answers", metric: "quality" }],
  };
}

async function ask(stage: Stage, feature: string, request: PlayedRequest): Promise<void> {
  const { item, requestId } = request;
  const response = await fetch(`${stage.gateway.gateway.address()}/v1/chat/completions`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${stage.keys.gateway}`,
      "content-type": "application/json",
      "x-request-id": requestId,
    },
    body: JSON.stringify({
      model: feature,
      messages: [{ role: "user", content: item.itemId }],
      metadata: { item_id: item.itemId, [SLICE_ATTRIBUTE]: item.category },
    }),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new AppError("provider_failed", `The gateway answered ${response.status}: ${text}`);
  }
}

async function call(stage: Stage, path: string, body?: unknown): Promise<JsonObject> {
  const method = body === undefined ? "GET" : "POST";
  const response = await fetch(stage.controlUrl + path, {
    method,
    headers: { authorization: `Bearer ${stage.keys.admin}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as JsonObject;
  if (response.ok) return answer;
  const { detail } = answer as unknown as { readonly detail: string };
  throw new AppError("invalid_configuration", `${path}: ${detail}`, { details: { answer } });
}

type Detail = {
  readonly state: PlayedView["state"];
  readonly stateCode: string | null;
  readonly stageIndex: number | null;
  readonly sentence: string;
  readonly report: {
    readonly culprit: { readonly metric: string; readonly slice: string } | null;
  } | null;
  readonly exposures: Parameters<typeof observationsIn>[0];
};

function viewOf(found: JsonObject, before: PlayedView["culprit"]): PlayedView {
  const detail = found as unknown as Detail;
  const culprit = detail.report?.culprit;
  return {
    state: detail.state,
    code: detail.state === "held" ? detail.stateCode : null,
    stageIndex: detail.state === "completed" ? null : detail.stageIndex,
    reason: detail.sentence,
    culprit: culprit ? { metric: culprit.metric, slice: culprit.slice } : before,
    observations: observationsIn(detail.exposures),
  };
}

function exposedIn(found: JsonObject): number {
  const { exposures } = found as unknown as Detail;
  return exposures.reduce((sum, of) => sum + of.candidate, 0);
}
