import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import type { ChangeEvent, RouteContract, RouteName } from "@spillway/contract";
import { EVENT_STREAMS, Problem, ROUTES } from "@spillway/contract";
import type { CallOutput } from "@spillway/sdk";
import { decisionsOf, FEATURES } from "./fixture-features.ts";
import { NOW, ROLLOUTS } from "./fixture-rollouts.ts";

/**
 * A control API with features in every state, for the browser tests and for drawing by hand. What it
 * answers and what it is asked are checked against the contract, so that it cannot drift from it.
 */
export type FixtureApi = {
  readonly url: string;
  /** Every action that was asked for, with its body. */
  readonly actions: readonly { readonly path: string; readonly body: unknown }[];
  readonly announce: (event: ChangeEvent) => void;
  /** Ends the open event streams, as a restart of the server would. */
  readonly breakStreams: () => void;
  readonly close: () => Promise<void>;
};

export const FIXTURE_KEYS = { operator: "swk_operator", viewer: "swk_viewer" } as const;

type Request = {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly role: "operator" | "viewer";
};

type State = {
  features: readonly (typeof FEATURES)[number][];
  rollouts: readonly (typeof ROLLOUTS)[number][];
};

class Refusal extends Error {
  readonly status: number;
  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

export async function startFixtureApi(options: {
  readonly dist: string;
  readonly isEmpty?: boolean;
  readonly speed?: number;
  readonly port?: number;
}): Promise<FixtureApi> {
  const state: State = options.isEmpty
    ? { features: [], rollouts: [] }
    : { features: FEATURES, rollouts: ROLLOUTS };
  const actions: { path: string; body: unknown }[] = [];
  const streams = new Set<ServerResponse>();
  const startedAt = Date.now();
  const speed = options.speed ?? 1;
  const nowMs = () => Math.round(NOW + (Date.now() - startedAt) * speed);
  const handlers = handlersOf({ state, actions, clock: () => ({ nowMs: nowMs(), speed }) });

  const server = createServer((request, response) => {
    void serve(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://fixture");
    if (url.pathname === EVENT_STREAMS.events.path) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(": open\n\n");
      streams.add(response);
      request.on("close", () => streams.delete(response));
      return;
    }
    const match = routeOf(request.method ?? "GET", url.pathname);
    if (match === null) return serveStatic(options.dist, url.pathname, response);
    await answer({ match, request, response, url, handler: handlers[match.name] });
  }

  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const breakStreams = () => {
    for (const stream of streams) stream.end();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    actions,
    announce: (event) => {
      for (const stream of streams) stream.write(`data: ${JSON.stringify(event)}\n\n`);
    },
    breakStreams,
    close: async () => {
      breakStreams();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Handlers = { readonly [N in RouteName]?: (request: Request) => CallOutput<N> };

function handlersOf(world: {
  readonly state: State;
  readonly actions: { path: string; body: unknown }[];
  readonly clock: () => { nowMs: number; speed: number };
}): Handlers {
  const { state, actions, clock } = world;
  const find = (id: string | undefined) => {
    const found = state.rollouts.find((rollout) => rollout.id === id);
    if (found === undefined) throw new Refusal(404, `Found no rollout "${id}".`);
    return found;
  };
  const decision = (id: string | undefined) => {
    const found = state.rollouts.flatMap(decisionsOf).find((candidate) => candidate.id === id);
    if (found === undefined) throw new Refusal(404, `Found no decision "${id}".`);
    return found;
  };
  return {
    health: () => ({ status: "ok", database: "ok", version: "0.1.0", clock: clock() }),
    whoAmI: ({ role }) => ({ name: role === "viewer" ? "vic" : "ines", role }),
    listFeatures: () => ({ items: [...state.features] }),
    listRollouts: ({ query }) => ({
      items: state.rollouts.filter(({ feature }) => feature === (query["feature"] ?? feature)),
      nextCursor: null,
    }),
    getRollout: ({ params }) => find(params["id"]),
    listDecisions: ({ params }) => ({ items: decisionsOf(find(params["id"])), nextCursor: null }),
    getDecision: ({ params }) => decision(params["id"]),
    explainDecision: ({ params }) => {
      const { id, reason, by } = decision(params["id"]);
      return {
        decisionId: id,
        sentences: [
          reason,
          `It was decided by ${by} from 8,122 exchanges gathered in 26 hours.`,
          "The odds that there is harm at all stand at 22 to 1; rolling back needs 200 to 1.",
          "It would advance with about 340 more candidate answers that look like those so far.",
        ],
      };
    },
    rolloutAction: ({ params, body, role }) => {
      const { id, action } = params;
      actions.push({ path: `${id}/${action}`, body });
      if (role === "viewer") {
        throw new Refusal(403, `Your key has the role viewer; "${action}" needs operator.`);
      }
      const found = find(id);
      if (action === "rollback") {
        const changed = {
          ...found,
          state: "rolled_back" as const,
          stateCode: "person",
          setShareBps: 0,
          sentence: `ines rolled ${found.feature} back to ${found.baseline}. "${String(body["note"])}"`,
          nextAction: null,
          unmet: [],
          updatedAtMs: clock().nowMs,
        };
        state.rollouts = state.rollouts.map((rollout) => (rollout.id === id ? changed : rollout));
        return changed;
      }
      return found;
    },
    rollbackFeature: ({ params, body }) => {
      actions.push({ path: `${params["feature"]}/rollback`, body });
      return {
        feature: params["feature"] ?? "",
        from: null,
        to: String(body["to"]),
        decisionId: "dec_x",
        snapshotRevision: 42,
        sentence: "Rolled back.",
      };
    },
    listReleases: () => ({ items: [], nextCursor: null }),
    diffReleases: () => ({
      before: "discharge-summary@13",
      after: "discharge-summary@14",
      changes: ROLLOUTS[0]?.changes ?? [],
    }),
    listGateways: () => ({ snapshotRevision: 41, items: gateways(clock().nowMs) }),
    listLedger: () => ({ items: ledger(clock().nowMs), nextCursor: null }),
    verifyLedger: () => ({
      isIntact: true,
      entries: 12,
      head: "9f".repeat(32),
      brokenAtSeq: null,
      sentence: "Every entry follows from the one before it.",
    }),
  };
}

function gateways(nowMs: number): CallOutput<"listGateways">["items"] {
  return [41, 41, 39].map((snapshotRevision, index) => ({
    id: `gw-eu-${index + 1}`,
    startedAtMs: nowMs - 86_400_000,
    snapshotRevision,
    spoolBytes: 0,
    spooledExchanges: index,
    droppedExchanges: 0,
    shadowDrops: [],
    lastSeenAtMs: nowMs - 1_000,
    isCurrent: snapshotRevision === 41,
  }));
}

function ledger(nowMs: number): CallOutput<"listLedger">["items"] {
  const subjects = ["support-reply@32", "discharge-summary@14", "invoice-extraction@22"];
  return Array.from({ length: 12 }, (_, index) => ({
    seq: 12 - index,
    atMs: nowMs - (index + 1) * 3_100_000,
    actor: index % 3 === 0 ? "mara" : "gate",
    action: ["rollout.hold", "rollout.advance", "rollout.rollback"][index % 3] ?? "",
    subject: subjects[index % 3] ?? "",
    body: {},
    previousHash: `${index}e`.repeat(24),
    hash: `${index}f`.repeat(24),
  }));
}

type Match = {
  readonly name: RouteName;
  readonly route: RouteContract;
  readonly params: Record<string, string>;
};

function routeOf(method: string, path: string): Match | null {
  for (const [name, route] of Object.entries(ROUTES) as [RouteName, RouteContract][]) {
    const names = [...route.path.matchAll(/:([a-zA-Z]+)/g)].map(([, found]) => found ?? "");
    const pattern = new RegExp(`^${route.path.replace(/:[a-zA-Z]+/g, "([^/]+)")}$`);
    const found = route.method === method ? pattern.exec(path) : null;
    if (found === null) continue;
    const values = found.slice(1).map(decodeURIComponent);
    const params = Object.fromEntries(names.map((key, index) => [key, values[index] ?? ""]));
    return { name, route, params };
  }
  return null;
}

async function answer(input: {
  readonly match: Match;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly handler: ((request: Request) => unknown) | undefined;
}): Promise<void> {
  const { match, request, response, url, handler } = input;
  const send = (status: number, body: unknown, type = "application/json") =>
    response.writeHead(status, { "content-type": type }).end(JSON.stringify(body));
  const refuse = (status: number, detail: string) => {
    const problem = { type: "about:blank", title: "Refused", status, detail, code: "fixture" };
    send(status, Problem.parse(problem), "application/problem+json");
  };
  const key = request.headers.authorization?.replace("Bearer ", "");
  const role = key === FIXTURE_KEYS.viewer ? "viewer" : "operator";
  const isKnown = Object.values<string | undefined>(FIXTURE_KEYS).includes(key);
  if (match.route.role !== null && !isKnown) return refuse(401, "Found no such key.");
  if (handler === undefined) return refuse(404, `The fixture has no ${match.name}.`);
  match.route.params?.parse(match.params);
  const query = Object.fromEntries(url.searchParams);
  match.route.query?.parse(query);
  const given: unknown = match.route.body === undefined ? {} : JSON.parse(await textOf(request));
  const body = (match.route.body?.parse(given) ?? {}) as Record<string, unknown>;
  try {
    const answered = match.route.response.parse(
      handler({ params: match.params, query, body, role }),
    );
    send(match.route.status, answered);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    refuse(error.status, error.message);
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** As strict as the control plane's, so that what it forbids is found here. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Files of the build; any other path is the single page, as the control plane serves it. */
async function serveStatic(dist: string, path: string, response: ServerResponse): Promise<void> {
  const wanted = extname(path) === "" ? "/index.html" : path;
  const body = await readFile(join(dist, wanted)).catch(() => null);
  if (body === null) return void response.writeHead(404).end();
  const type = TYPES[extname(wanted)] ?? "text/plain";
  response.writeHead(200, { "content-type": type, "content-security-policy": POLICY }).end(body);
}
