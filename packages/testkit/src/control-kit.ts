import { createControlServer } from "../../server/src/control/server/create-control-server.ts";
import type { ControlServer } from "../../server/src/control/server/create-control-server.ts";
import type { ControlServerOptions } from "../../server/src/control/server/control-options.ts";
import type { Role } from "../../core/src/index.ts";
import type { Exchange } from "../../core/src/index.ts";
import { exchangeId } from "../../core/src/index.ts";
import { createFakeControl, NOW_MS, type FakeControl } from "./fake-control-ports.ts";

export const GATEWAY_TOKEN = "the-gateway-token";

export type LogLine = {
  readonly level: "error" | "warn" | "info" | "debug";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

export type TestControl = FakeControl & {
  readonly server: ControlServer;
  readonly lines: LogLine[];
  readonly request: (
    method: "GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "HEAD",
    url: string,
    options?: {
      readonly as?: Role | "gateway" | "nobody";
      readonly key?: string;
      readonly body?: unknown;
      readonly text?: string;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ) => Promise<{
    readonly status: number;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly text: string;
    readonly body: unknown;
  }>;
};

/** A control server over fakes. Requests are made in process, as an admin unless told otherwise. */
export function startTestControl(options: Partial<ControlServerOptions> = {}): TestControl {
  const fake = createFakeControl();
  const lines: LogLine[] = [];
  const line =
    (level: LogLine["level"]) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      void lines.push({ level, message, fields });
  let id = 0;
  const server = createControlServer({
    ports: fake.ports,
    clock: { nowMs: () => NOW_MS, speed: 1, sleep: () => Promise.resolve() },
    ids: { next: (prefix) => `${prefix}_${++id}`, secret: () => "secret" },
    log: { error: line("error"), warn: line("warn"), info: line("info"), debug: line("debug") },
    gatewayToken: GATEWAY_TOKEN,
    version: "0.1.0",
    ...options,
  });
  const request: TestControl["request"] = async (method, url, asked = {}) => {
    const { as = "admin", headers = {} } = asked;
    const payload =
      asked.text ?? (asked.body === undefined ? undefined : JSON.stringify(asked.body));
    const secret = asked.key ?? (as === "gateway" ? GATEWAY_TOKEN : secretFor(fake, as));
    const response = await server.inject({
      method,
      url,
      headers: {
        ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
        ...(payload === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(payload === undefined ? {} : { payload }),
    });
    const isJson = String(response.headers["content-type"]).includes("json");
    const body: unknown = isJson && response.body !== "" ? JSON.parse(response.body) : null;
    return { status: response.statusCode, headers: response.headers, text: response.body, body };
  };
  return { ...fake, server, lines, request };
}

const secretFor = (fake: FakeControl, as: Role | "nobody"): string | null =>
  as === "nobody" ? null : fake.secretOf(as);

export function buildExchange(parts: Partial<Exchange> = {}): Exchange {
  return {
    id: exchangeId("exch_1"),
    feature: "search",
    release: "search@1",
    arm: "baseline",
    role: "primary",
    shadowOf: null,
    rolloutId: null,
    stageIndex: null,
    propensityBps: null,
    assignmentReason: "no_rollout",
    isRandomised: false,
    isRepeat: false,
    isFallback: false,
    unit: null,
    tenant: null,
    user: null,
    conversation: null,
    attributes: {},
    snapshotRevision: 1,
    startedAtMs: NOW_MS,
    outcome: "ok",
    errorCode: null,
    attempts: [],
    latencyMs: 12.5,
    firstTokenMs: null,
    inputTokens: 10,
    outputTokens: 20,
    costMicroUsd: 30,
    modelServed: null,
    finishReason: null,
    input: [{ role: "user", content: "hello" }],
    output: "hello yourself",
    ...parts,
  };
}
