import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AppError, ERROR_CATALOGUE, invariant } from "@spillway/core";
import { authenticate } from "../http/gateway-key.ts";
import { sendErrorUnread, sendJson } from "../http/reply.ts";
import { requestIdHeaders, requestIdOf } from "../http/request-id.ts";
import { codeOf, openAiErrorFrame, openAiErrorOf } from "../http/vendor-error.ts";
import type {
  Clock,
  ExchangeSink,
  FeedbackSink,
  Ids,
  Log,
  ModelTransport,
  SnapshotSource,
  Wall,
} from "../ports.ts";
import { CallStop } from "./call-stop.ts";
import { handleChatCompletion } from "./chat-completions.ts";
import { handleFeedback } from "./feedback.ts";
import type { GatewayLimits } from "./limits.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { listModels, readModel } from "./models.ts";
import type { GatewayRoute } from "./route-request.ts";
import { routeRequest } from "./route-request.ts";
import type { ShadowDispatcher, ShadowDrop } from "./shadow.ts";
import { createShadowDispatcher } from "./shadow.ts";

export type GatewayOptions = {
  readonly snapshotSource: SnapshotSource;
  /** By the provider's name in a release's model. */
  readonly transports: ReadonlyMap<string, ModelTransport>;
  readonly sink: ExchangeSink & FeedbackSink;
  readonly clock: Clock;
  readonly wall: Wall;
  readonly ids: Ids;
  readonly log: Log;
  readonly limits?: Partial<GatewayLimits>;
  /** In [0, 1); spreads retries. */
  readonly random?: () => number;
};

export type Gateway = {
  /** Port 0 takes a free one; see `address`. */
  readonly listen: (port: number, host?: string) => Promise<void>;
  /** "http://127.0.0.1:8080", without the /v1 that clients add. */
  readonly address: () => string;
  readonly shadowDrops: () => readonly ShadowDrop[];
  /** Resolves when no shadow copy is queued or under way. */
  readonly shadowsIdle: () => Promise<void>;
  /** Takes no new requests, lets those under way end (bounded), then closes. */
  readonly close: () => Promise<void>;
};

type Running = Omit<GatewayOptions, "limits" | "random"> & {
  readonly limits: GatewayLimits;
  readonly random: () => number;
  readonly shadow: ShadowDispatcher;
  readonly shutdown: AbortController;
  readonly calls: { count: number };
};

type Handled = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
};

/** Headers of a model call are small; a client that needs longer for them is broken or hostile. */
const HEADERS_TIMEOUT_MS = 15_000;
/** Longer than the usual 60 s of a load balancer, so that it closes first and not in the middle. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

export function createGateway(options: GatewayOptions): Gateway {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const random = options.random ?? Math.random;
  const deps = { ...options, limits, random };
  const running: Running = {
    ...deps,
    shadow: createShadowDispatcher(deps),
    shutdown: new AbortController(),
    calls: { count: 0 },
  };
  const server = createServer(
    {
      noDelay: true,
      headersTimeout: HEADERS_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      requestTimeout: limits.totalMs,
    },
    (request, response) => {
      // While closing, a connection whose request has ended must not wait for another one.
      response.once("close", () => {
        if (isClosing) setImmediate(() => server.closeIdleConnections());
      });
      void handle(running, request, response);
    },
  );
  let isClosing = false;

  async function close(): Promise<void> {
    isClosing = true;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    const patience = new AbortController();
    const isDrained = await Promise.race([
      closed.then(() => true),
      options.wall.sleep(limits.drainMs, patience.signal).then(
        () => false,
        () => true,
      ),
    ]);
    patience.abort();
    if (!isDrained) running.shutdown.abort(new CallStop({ kind: "shutdown" }));
    if (!isDrained) await new Promise((resolve) => setImmediate(resolve));
    server.closeAllConnections();
    await closed;
    await running.shadow.close();
  }

  return {
    listen: (port, host = "127.0.0.1") =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, () => {
          server.off("error", reject);
          resolve();
        });
      }),
    address: () => addressOf(server.address()),
    shadowDrops: running.shadow.drops,
    shadowsIdle: running.shadow.idle,
    close,
  };
}

async function handle(
  running: Running,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = requestIdOf(request, () => running.ids.next("req"));
  for (const [name, text] of Object.entries(requestIdHeaders(requestId))) {
    response.setHeader(name, text);
  }
  const handled = { request, response, requestId };
  try {
    await serve(running, handled);
  } catch (error) {
    replyWithError(running, handled, error);
  }
}

async function serve(running: Running, handled: Handled): Promise<void> {
  const { request, response } = handled;
  const route = routeRequest(request.method ?? "GET", request.url ?? "/");
  if (route.kind === "health") return sendHealth(running, response);
  if (route.kind === "unknown") throw new AppError("not_found", route.message);
  const snapshot = running.snapshotSource.current();
  if (snapshot === null) {
    throw new AppError("snapshot_missing", ERROR_CATALOGUE.snapshot_missing.title, {
      details: { retryAfterMs: 1_000 },
    });
  }
  const key = authenticate(request.headers, snapshot, running.clock.nowMs());
  return answer(running, { ...handled, route, snapshot, key });
}

async function answer(
  running: Running,
  call: Handled & {
    readonly route: Exclude<GatewayRoute, { kind: "health" | "unknown" }>;
    readonly snapshot: Parameters<typeof listModels>[0];
    readonly key: Parameters<typeof listModels>[1];
  },
): Promise<void> {
  const { route, snapshot, key, response } = call;
  switch (route.kind) {
    case "models":
      return sendJson(response, { status: 200, body: listModels(snapshot, key) });
    case "model":
      return sendJson(response, { status: 200, body: readModel(snapshot, key, route.id) });
    case "feedback":
      return boundedCall(running, () => handleFeedback(running, call));
    case "chat":
      return boundedCall(running, () =>
        handleChatCompletion(running, { ...call, shutdown: running.shutdown.signal }),
      );
  }
}

/** Each call holds its body, its answer and two sockets, so their number is bounded. */
async function boundedCall(running: Running, call: () => Promise<void>): Promise<void> {
  if (running.calls.count >= running.limits.maxCalls) {
    throw new AppError(
      "overloaded",
      `The gateway answers ${running.limits.maxCalls} calls at one time, and one more came. Try again.`,
      { details: { retryAfterMs: 1_000 } },
    );
  }
  running.calls.count += 1;
  try {
    await call();
  } finally {
    running.calls.count -= 1;
  }
}

function sendHealth(running: Running, response: ServerResponse): void {
  const snapshot = running.snapshotSource.current();
  sendJson(
    response,
    snapshot === null
      ? { status: 503, body: { status: "starting", snapshotRevision: null } }
      : { status: 200, body: { status: "ok", snapshotRevision: snapshot.revision } },
  );
}

/** The one place where a model route's error meets a client, and the log. */
function replyWithError(running: Running, handled: Handled, error: unknown): void {
  const { request, response, requestId } = handled;
  const { logLevel } = ERROR_CATALOGUE[codeOf(error)];
  running.log[logLevel]("A request failed", { requestId, path: request.url, error });
  if (response.headersSent) {
    // Inside a stream, where only the protocol's own frame can still say it.
    if (!response.writableEnded) response.end(`${openAiErrorFrame(error)}data: [DONE]\n\n`);
    return;
  }
  const reply = openAiErrorOf(error);
  if (isTooMuchUnread(request, running.limits.maxBodyBytes))
    return sendErrorUnread(response, reply);
  sendJson(response, reply);
}

/** Node reads an unread body to its end before the connection's next request: only if that is little. */
function isTooMuchUnread(request: IncomingMessage, maxBodyBytes: number): boolean {
  if (request.complete) return false;
  const length = request.headers["content-length"];
  if (length === undefined) return request.headers["transfer-encoding"] !== undefined;
  return Number(length) > maxBodyBytes;
}

function addressOf(address: string | AddressInfo | null): string {
  invariant(address !== null && typeof address === "object", "the gateway is listening");
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}
