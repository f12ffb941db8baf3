import type { RouteContract, RouteName } from "@spillway/contract";
import { ChangeEvent, EVENT_STREAMS, Problem, ROUTES } from "@spillway/contract";
import { parseServerSentEvents } from "./server-sent-events.ts";
import { SpillwayError } from "./spillway-error.ts";

type Routes = typeof ROUTES;
type InputOf<S> = S extends { _zod: { input: infer I } } ? I : never;
type OutputOf<S> = S extends { _zod: { output: infer O } } ? O : never;

/** Optional where the input is, but typed as the output: a coerced number is passed as a number. */
type QueryOf<S> = {
  [K in keyof InputOf<S>]: K extends keyof OutputOf<S> ? OutputOf<S>[K] : never;
};

type PartOf<N extends RouteName, P extends "params" | "body"> = Routes[N] extends {
  [K in P]: infer S;
}
  ? { [K in P]: InputOf<S> }
  : unknown;

type QueryPartOf<N extends RouteName> = Routes[N] extends { query: infer S }
  ? object extends QueryOf<S>
    ? { query?: QueryOf<S> }
    : { query: QueryOf<S> }
  : unknown;

/** What a route wants: its path parameters, query and body, as far as it has them. */
export type CallInput<N extends RouteName> = PartOf<N, "params"> &
  PartOf<N, "body"> &
  QueryPartOf<N> & { signal?: AbortSignal | undefined };

export type CallOutput<N extends RouteName> = OutputOf<Routes[N]["response"]>;

type CallArguments<N extends RouteName> =
  object extends CallInput<N> ? [input?: CallInput<N>] : [input: CallInput<N>];

export type ControlClient = {
  readonly baseUrl: string;
  /** Calls a route of the control API; the answer is checked against the contract. */
  call<N extends RouteName>(route: N, ...input: CallArguments<N>): Promise<CallOutput<N>>;
  /** What changes, as it changes. Ends or throws with the connection; the caller reconnects. */
  events(signal?: AbortSignal): AsyncGenerator<ChangeEvent>;
};

export type ControlClientOptions = {
  /** Such as `http://127.0.0.1:4200`. */
  readonly baseUrl: string;
  /** Secret of an API key; null for the routes that need none. */
  readonly key: string | null;
  readonly fetch?: typeof fetch;
  /** How long a call may take. A verification of a long ledger is the slowest. */
  readonly timeoutMs?: number;
};

type QueryValues = Record<string, string | number | null | undefined>;

type Connection = {
  readonly baseUrl: string;
  readonly key: string | null;
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
};

type Sent = {
  readonly method: string;
  readonly path: string;
  readonly accept: string;
  readonly body?: unknown;
  readonly signal: AbortSignal | undefined;
};

/** A client of the control API for Node, browsers and edge workers: nothing but `fetch` is needed. */
export function createControlClient(options: ControlClientOptions): ControlClient {
  const connection: Connection = {
    baseUrl: options.baseUrl.replace(/\/+$/, ""),
    key: options.key,
    fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
    timeoutMs: options.timeoutMs ?? 60_000,
  };
  return {
    baseUrl: connection.baseUrl,
    call: (name, ...[input]) => callRoute(connection, name, input ?? {}),
    events: (signal) => streamEvents(connection, signal),
  };
}

async function callRoute<N extends RouteName>(
  connection: Connection,
  name: N,
  input: object,
): Promise<CallOutput<N>> {
  const route: RouteContract = ROUTES[name];
  const given = input as {
    params?: Record<string, unknown>;
    query?: QueryValues;
    body?: unknown;
    signal?: AbortSignal;
  };
  const timeout = AbortSignal.timeout(connection.timeoutMs);
  const path = pathOf(route.path, given.params ?? {}) + searchOf(given.query ?? {});
  const sent: Sent = {
    method: route.method,
    path,
    accept: "application/json",
    ...(route.body === undefined ? {} : { body: given.body ?? {} }),
    signal: given.signal === undefined ? timeout : AbortSignal.any([timeout, given.signal]),
  };
  const response = await send(connection, sent);
  const text = await response.text().catch((cause: unknown) => {
    throw connectionError(connection, sent, cause);
  });
  const parsed = route.response.safeParse(jsonOf(text, response.status, `${sent.method} ${path}`));
  if (parsed.success) return parsed.data as CallOutput<N>;
  const found = parsed.error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`)
    .join("; ");
  throw unexpected(
    response.status,
    `${route.method} ${path} answered with a body that the contract does not know (${found}). Do the client and the server have the same version?`,
  );
}

async function* streamEvents(
  connection: Connection,
  signal: AbortSignal | undefined,
): AsyncGenerator<ChangeEvent> {
  const { path } = EVENT_STREAMS.events;
  const response = await send(connection, {
    method: "GET",
    path,
    accept: "text/event-stream",
    signal,
  });
  if (response.body === null) throw unexpected(response.status, `GET ${path} has no body.`);
  for await (const data of parseServerSentEvents(chunksOf(response.body))) {
    const parsed = ChangeEvent.safeParse(parseJson(data));
    // A newer server may send kinds that this version does not know; they are not for it.
    if (parsed.success) yield parsed.data;
  }
}

/** Safari's streams are not async iterable. */
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function send(connection: Connection, sent: Sent): Promise<Response> {
  const headers: Record<string, string> = { accept: sent.accept };
  if (connection.key !== null) headers["authorization"] = `Bearer ${connection.key}`;
  if (sent.body !== undefined) headers["content-type"] = "application/json";
  let response: Response;
  try {
    response = await connection.fetch(`${connection.baseUrl}${sent.path}`, {
      method: sent.method,
      headers,
      ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
      ...(sent.signal === undefined ? {} : { signal: sent.signal }),
    });
  } catch (cause) {
    throw connectionError(connection, sent, cause);
  }
  if (response.ok) return response;
  throw await problemOf(response, `${sent.method} ${sent.path}`);
}

function connectionError(connection: Connection, sent: Sent, cause: unknown): unknown {
  if (sent.signal?.aborted === true) {
    const reason: unknown = sent.signal.reason;
    if (!(reason instanceof DOMException) || reason.name !== "TimeoutError") return cause;
    return new SpillwayError({
      code: "timeout",
      status: 0,
      title: "No answer in time",
      detail: `${sent.method} ${connection.baseUrl}${sent.path} did not answer within ${connection.timeoutMs / 1000} seconds.`,
      cause,
    });
  }
  return new SpillwayError({
    code: "unreachable",
    status: 0,
    title: "The control API cannot be reached",
    detail: `cannot reach ${connection.baseUrl}: ${reasonOf(cause)}; is \`spillway up\` running?`,
    cause,
  });
}

const CONNECTION_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  ENOTFOUND: "host name not known",
  EAI_AGAIN: "host name not known",
  ETIMEDOUT: "no answer",
  UND_ERR_CONNECT_TIMEOUT: "no answer",
  UND_ERR_SOCKET: "connection closed",
};

function reasonOf(cause: unknown): string {
  const below = cause instanceof Error ? cause.cause : undefined;
  const code = (below as { code?: unknown } | undefined)?.code;
  if (typeof code === "string") return CONNECTION_REASONS[code] ?? code;
  if (below instanceof Error && below.message !== "") return below.message;
  return cause instanceof Error ? cause.message : "no connection";
}

async function problemOf(response: Response, call: string): Promise<SpillwayError> {
  const text = await response.text().catch(() => "");
  const parsed = Problem.safeParse(parseJson(text));
  if (parsed.success) {
    const { code, title, detail, problems, unmet, requestId } = parsed.data;
    return new SpillwayError({
      code,
      status: response.status,
      title,
      detail,
      problems,
      unmet,
      requestId,
    });
  }
  return unexpected(
    response.status,
    `${call} answered ${response.status} without problem details. Is the address that of a Spillway control API?`,
  );
}

function jsonOf(text: string, status: number, call: string): unknown {
  const parsed = parseJson(text);
  if (parsed !== undefined) return parsed;
  throw unexpected(
    status,
    `${call} answered ${status} with something other than JSON. Is the address that of a Spillway control API?`,
  );
}

function unexpected(status: number, detail: string): SpillwayError {
  return new SpillwayError({
    code: "unexpected_response",
    status,
    title: "The answer was not understood",
    detail,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function pathOf(pattern: string, params: Record<string, unknown>): string {
  return pattern.replace(/:([a-zA-Z]+)/g, (_, name: string) => {
    const value = params[name];
    // An empty one would call another route: /rollouts/ lists where /rollouts/:id shows.
    if (typeof value !== "string" || value === "") {
      throw new TypeError(
        `The path ${pattern} wants a text for "${name}"; found ${String(value)}.`,
      );
    }
    return encodeURIComponent(value);
  });
}

function searchOf(query: QueryValues): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) search.set(name, String(value));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}
