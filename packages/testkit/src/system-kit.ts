import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Json, JsonObject, Role } from "../../core/src/index.ts";
import { writeRecordedFolder } from "../../server/src/backtest/recorded-folder.ts";
import type { TrafficItem } from "../../server/src/backtest/traffic.ts";
import type { ControlPlane } from "../../server/src/compose-control.ts";
import { createControlPlane } from "../../server/src/compose-control.ts";
import type { GatewayPlane } from "../../server/src/compose-gateway.ts";
import { createGatewayPlane } from "../../server/src/compose-gateway.ts";
import type { Runtime } from "../../server/src/compose-runtime.ts";
import { createSystemWall } from "../../server/src/telemetry/clocks.ts";
import { createIds } from "../../server/src/telemetry/ids.ts";
import { createTestDatabase } from "./database.ts";
import { createMemoryLog } from "./memory-sink.ts";

/**
 * A whole installation for a test: PostgreSQL, control plane and gateway over real sockets, recorded
 * models, and a clock that stands still until the test moves it.
 *
 * given `createSystem` and `start`, when `ask`, `advance`, `act` and `settle`, then `view`.
 */
export type System = {
  /** Prepares and starts the rollout of release 2. */
  readonly start: (strategy?: JsonObject) => Promise<void>;
  /** Asks so many questions through the gateway, each as a user of its own unless told otherwise. */
  readonly ask: (count: number, options?: AskOptions) => Promise<readonly SystemReply[]>;
  /** Sends feedback to the gateway, such as `{ exchange: reply.exchange, accepted: true }`. */
  readonly tell: (feedback: JsonObject) => Promise<SystemAnswer>;
  /** Lets everything happen that is due: delivery, shadows, evaluation, decisions, the new snapshot. */
  readonly settle: () => Promise<void>;
  readonly advance: (hours: number) => Promise<void>;
  readonly act: (action: string, body?: JsonObject, as?: SystemActor) => Promise<SystemAnswer>;
  readonly view: () => Promise<SystemView>;
  readonly call: (
    method: "GET" | "POST",
    path: string,
    options?: { readonly body?: JsonObject; readonly as?: SystemActor },
  ) => Promise<SystemAnswer>;
  readonly restartControl: () => Promise<void>;
  readonly restartGateway: () => Promise<void>;
  /** Takes the control plane and the database away for good. */
  readonly loseDatabase: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type SystemActor = Role | "author";

export type AskOptions = {
  readonly userOf?: (index: number) => string;
  readonly kind?: string;
};

export type SystemReply = {
  readonly status: number;
  readonly text: string;
  readonly user: string;
  /** The arm whose recorded answer came back; null for anything else. */
  readonly arm: "baseline" | "candidate" | null;
  /** Id of the exchange; "" where there is none. */
  readonly exchange: string;
};

export type SystemAnswer = { readonly status: number; readonly body: JsonObject };

export type SystemView = {
  readonly state: string;
  readonly stateCode: string | null;
  readonly stageIndex: number | null;
  readonly version: number;
  readonly sentence: string;
  readonly setShareBps: number;
  readonly enteredAtMs: number | null;
  readonly unmet: readonly { readonly code: string; readonly sentence: string }[];
  readonly exposures: readonly {
    readonly stageIndex: number;
    readonly baseline: number;
    readonly candidate: number;
    readonly pairs: number;
  }[];
};

export type SystemOptions = {
  readonly name: string;
  /** Scores of the two versions' answers; null = no judgment was recorded. */
  readonly scores: { readonly baseline: number | null; readonly candidate: number | null };
  readonly feature?: JsonObject;
};

/** Distinct questions; more requests than these ask them again. */
const QUESTIONS = 100;
const GATEWAY_TOKEN = "token-of-the-system";
const FEATURE = "support";
const START_MS = Date.UTC(2026, 0, 5);
const HOUR_MS = 3_600_000;

type Stage = {
  readonly databaseUrl: string;
  readonly folder: string;
  readonly runtime: Runtime;
};

export async function createSystem(options: SystemOptions): Promise<System> {
  const test = await createTestDatabase(options.name);
  const folder = await mkdtemp(join(tmpdir(), "spillway-system-"));
  const { runtime, moveOn } = createStillRuntime();
  const stage: Stage = { databaseUrl: test.url, folder, runtime };
  let control = await openControl(stage, 0);
  const controlUrl = `http://127.0.0.1:${control.port}`;
  let gateway = await openGateway(stage, controlUrl);
  const first = control.plane.firstKeys;
  if (first === null) throw new Error("The test's database is not new.");

  const keys = await createActors(controlUrl, first.admin);
  const call: System["call"] = (method, path, { body, as = "author" } = {}) =>
    request(controlUrl, { method, path, key: keys[as], ...(body === undefined ? {} : { body }) });
  const recorded = await writeRecordedFolder(folder, FEATURE, itemsOf(options.scores));
  await done(
    call("POST", "/api/v1/apply", { body: projectOf(recorded, options.feature), as: "admin" }),
  );
  await gateway.pullSnapshot();

  let rolloutId = "";
  const act: System["act"] = (action, body, as) =>
    call("POST", `/api/v1/rollouts/${rolloutId}/actions/${action}`, {
      ...(body === undefined ? {} : { body }),
      ...(as === undefined ? {} : { as }),
    });
  const settle = (): Promise<void> => settleAll(control.plane, gateway);
  const ask = createAsker(() => gateway.gateway.address(), first.gateway);

  return {
    call,
    act,
    ask,
    tell: (body) => sendFeedback(gateway.gateway.address(), { key: first.gateway, body }),
    settle,
    start: async (strategy) => {
      const body = { feature: FEATURE, candidate: `${FEATURE}@2`, strategy: strategy ?? null };
      rolloutId = textOf((await done(call("POST", "/api/v1/rollouts", { body })))["id"]);
      await done(act("start"));
      await gateway.pullSnapshot();
    },
    advance: async (hours) => {
      moveOn(hours * HOUR_MS);
      await settle();
    },
    view: async () =>
      (await done(call("GET", `/api/v1/rollouts/${rolloutId}`))) as unknown as SystemView,
    restartControl: async () => {
      await control.plane.close();
      control = await openControl(stage, control.port);
    },
    restartGateway: async () => {
      await gateway.close();
      gateway = await openGateway(stage, controlUrl);
    },
    loseDatabase: async () => {
      await control.plane.close();
      await test.drop();
    },
    close: async () => {
      await gateway.close();
      await control.plane.close();
      await test.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function settleAll(control: ControlPlane, gateway: GatewayPlane): Promise<void> {
  await gateway.settled();
  while ((await control.evaluate.pass()) > 0);
  await control.reconcile.pass();
  await gateway.pullSnapshot();
}

/** Recorded latencies pass at once: they are on the clock, and the clock stands still. */
function createStillRuntime(): {
  readonly runtime: Runtime;
  readonly moveOn: (durationMs: number) => void;
} {
  let nowMs = START_MS;
  const wall = createSystemWall();
  return {
    runtime: {
      clock: { nowMs: () => nowMs, speed: Infinity, sleep: async () => {} },
      wall,
      ids: createIds({ nowMs: wall.nowMs }),
      log: createMemoryLog(),
    },
    moveOn: (durationMs) => {
      nowMs += durationMs;
    },
  };
}

async function request(
  url: string,
  of: {
    readonly method: "GET" | "POST";
    readonly path: string;
    readonly key: string;
    readonly body?: JsonObject;
  },
): Promise<SystemAnswer> {
  const response = await fetch(url + of.path, {
    method: of.method,
    headers: { authorization: `Bearer ${of.key}`, "content-type": "application/json" },
    ...(of.method === "GET" ? {} : { body: JSON.stringify(of.body ?? {}) }),
  });
  return { status: response.status, body: (await response.json()) as JsonObject };
}

const sendFeedback = (
  address: string,
  of: { readonly key: string; readonly body: JsonObject },
): Promise<SystemAnswer> => request(address, { method: "POST", path: "/v1/feedback", ...of });

/** As many at a time as a client might have connections. */
const AT_ONCE = 20;

function createAsker(address: () => string, key: string): System["ask"] {
  let asked = 0;
  const askOne = async (index: number, options: AskOptions): Promise<SystemReply> => {
    const user = options.userOf?.(index) ?? `user-${asked + index}`;
    const item = `q${(asked + index) % QUESTIONS}`;
    const response = await fetch(`${address()}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({
        model: FEATURE,
        user,
        messages: [{ role: "user", content: item }],
        metadata: { item_id: item, kind: options.kind ?? "plain" },
      }),
    });
    const exchange = response.headers.get("x-spillway-exchange") ?? "";
    return { ...replyOf(user, response.status, await response.text()), exchange };
  };
  return async (count, options = {}) => {
    const replies: SystemReply[] = [];
    for (let from = 0; from < count; from += AT_ONCE) {
      const size = Math.min(AT_ONCE, count - from);
      const batch = Array.from({ length: size }, (_, index) => askOne(from + index, options));
      replies.push(...(await Promise.all(batch)));
    }
    asked += count;
    return replies;
  };
}

async function openControl(
  { databaseUrl, runtime }: Stage,
  port: number,
): Promise<{ readonly plane: ControlPlane; readonly port: number }> {
  const plane = await createControlPlane({
    databaseUrl,
    gatewayToken: GATEWAY_TOKEN,
    staticDir: null,
    runtime,
    bodyLimitBytes: 10 * 1024 * 1024,
  });
  return { plane, port: (await plane.server.listen({ host: "127.0.0.1", port })).port };
}

async function openGateway({ folder, runtime }: Stage, controlUrl: string): Promise<GatewayPlane> {
  const plane = await createGatewayPlane({
    runtime,
    dataDir: join(folder, "gateway"),
    controlUrl,
    gatewayToken: GATEWAY_TOKEN,
    recordingsDir: folder,
    providers: [],
    bodyLimitBytes: 10 * 1024 * 1024,
  });
  await plane.gateway.listen(0);
  return plane;
}

const ACTORS: Readonly<Record<SystemActor, Role>> = {
  author: "operator",
  viewer: "viewer",
  reviewer: "reviewer",
  operator: "operator",
  admin: "admin",
};

/** One key for each role, and one operator who starts the rollouts. */
async function createActors(url: string, admin: string): Promise<Record<SystemActor, string>> {
  const keys = {} as Record<SystemActor, string>;
  for (const [name, role] of Object.entries(ACTORS) as [SystemActor, Role][]) {
    const body = { name, scope: "control", role };
    const key = await done(
      request(url, { method: "POST", path: "/api/v1/keys", key: admin, body }),
    );
    keys[name] = textOf(key["secret"]);
  }
  return keys;
}

function textOf(found: Json | undefined): string {
  if (typeof found === "string") return found;
  throw new Error(`Found ${JSON.stringify(found)}, wanted a text.`);
}

async function done(answer: Promise<SystemAnswer>): Promise<JsonObject> {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return body;
}

function itemsOf(scores: SystemOptions["scores"]): TrafficItem[] {
  return Array.from({ length: QUESTIONS }, (_, index) => {
    const itemId = `q${index}`;
    const answer = (arm: "baseline" | "candidate") => ({
      itemId,
      category: "",
      output: `${arm} answer to ${itemId}`,
      score: scores[arm],
      latencyMs: 10,
    });
    return { itemId, category: "", baseline: answer("baseline"), candidate: answer("candidate") };
  });
}

function projectOf(
  recorded: Awaited<ReturnType<typeof writeRecordedFolder>>,
  feature: JsonObject = {},
): JsonObject {
  const { baselineModel, candidateModel, cases } = recorded;
  const model = (label: string, id: string): JsonObject => ({
    kind: "model",
    name: FEATURE,
    label,
    content: { provider: "recorded", id },
  });
  const release = (label: string): JsonObject => ({
    feature: FEATURE,
    components: {
      prompt: `${FEATURE}:v1`,
      model: `${FEATURE}:${label}`,
      dataset: `${FEATURE}:v1`,
    },
  });
  const content = { messages: [{ role: "system", content: "Answer the question." }] };
  return {
    features: [
      {
        key: FEATURE,
        title: "Support",
        owner: "support-team",
        tier: 2,
        assignment: { unit: "user", onMissing: "error", salt: FEATURE },
        slices: ["kind"],
        fallback: { kind: "static", text: "Please try again later." },
        scorers: [{ kind: "judged_answers", metric: "quality" }],
        ...feature,
      },
    ],
    components: [
      { kind: "prompt", name: FEATURE, label: "v1", content },
      {
        kind: "dataset",
        name: FEATURE,
        label: "v1",
        content: { cases: cases as unknown as JsonObject[] },
      },
      model("v1", baselineModel),
      model("v2", candidateModel),
    ],
    releases: [release("v1"), release("v2")],
    baselines: [{ feature: FEATURE, release: `${FEATURE}@1` }],
  };
}

function replyOf(user: string, status: number, text: string): Omit<SystemReply, "exchange"> {
  if (status !== 200) return { status, text, user, arm: null };
  const body = JSON.parse(text) as { choices: [{ message: { content: string } }] };
  const { content } = body.choices[0].message;
  const arm = (["baseline", "candidate"] as const).find((of) => content.startsWith(`${of} answer`));
  return { status, text: content, user, arm: arm ?? null };
}
