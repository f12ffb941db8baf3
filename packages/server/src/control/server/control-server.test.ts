import { afterEach, describe, expect, it } from "vitest";
import { Problem, ROUTES, type RouteContract, type RouteName } from "@spillway/contract";
import { AppError, type Role } from "@spillway/core";
import { buildFeature } from "../../../../testkit/src/control-builders.ts";
import {
  buildExchange,
  startTestControl,
  type TestControl,
} from "../../../../testkit/src/control-kit.ts";
import {
  DECISION,
  GATEWAY_KEY_SECRET,
  RELEASE,
} from "../../../../testkit/src/fake-control-ports.ts";
import { buildFeedback } from "../../../../testkit/src/feedback-builder.ts";

let open: TestControl[] = [];
const start = (options: Parameters<typeof startTestControl>[0] = {}): TestControl => {
  const control = startTestControl(options);
  open.push(control);
  return control;
};
afterEach(async () => {
  await Promise.all(open.map((control) => control.server.close()));
  open = [];
});

type Sample = { readonly url: string; readonly body?: unknown };

const { salt: _, ...assignment } = buildFeature().assignment;
const prompt = RELEASE.components.prompt!.digest;
const release = { feature: "search", components: { prompt: "p:v1", model: "m:v1" } };

/** A request to each route that the fakes answer. */
const SAMPLES: Readonly<Record<RouteName, Sample>> = {
  health: { url: "/healthz" },
  whoAmI: { url: "/api/v1/me" },
  apply: { url: "/api/v1/apply", body: { features: [{ ...buildFeature(), assignment }] } },
  listFeatures: { url: "/api/v1/features" },
  getFeature: { url: "/api/v1/features/search" },
  putFeature: { url: "/api/v1/features/search", body: buildFeature() },
  featureStatus: { url: "/api/v1/features/search/status" },
  featureTraffic: { url: "/api/v1/features/search/traffic" },
  whoServed: { url: "/api/v1/features/search/who-served?at=1800000000000" },
  rollbackFeature: { url: "/api/v1/features/search/actions/rollback", body: { note: "why" } },
  undoFeature: { url: "/api/v1/features/search/actions/undo" },
  killFeature: { url: "/api/v1/features/search/actions/kill" },
  reviveFeature: { url: "/api/v1/features/search/actions/revive" },
  listComponents: { url: "/api/v1/components?kind=prompt&limit=5" },
  createComponent: {
    url: "/api/v1/components",
    body: { kind: "model", name: "m", label: "v1", content: { provider: "openai", id: "x-1" } },
  },
  getComponent: { url: `/api/v1/components/${prompt}` },
  listReleases: { url: "/api/v1/releases" },
  createRelease: { url: "/api/v1/releases", body: release },
  getRelease: { url: "/api/v1/releases/search@1" },
  diffReleases: { url: "/api/v1/releases/search@1/diff?from=search@1" },
  listStrategies: { url: "/api/v1/strategies" },
  putStrategy: { url: "/api/v1/strategies", body: { name: "prompt-canary" } },
  listRollouts: { url: "/api/v1/rollouts?active=true" },
  createRollout: {
    url: "/api/v1/rollouts",
    body: { feature: "search", candidate: "search@2", strategy: "prompt-canary" },
  },
  getRollout: { url: "/api/v1/rollouts/roll_1" },
  rolloutAction: { url: "/api/v1/rollouts/roll_1/actions/approve" },
  reviseRollout: {
    url: "/api/v1/rollouts/roll_1/revisions",
    body: { strategy: "prompt-canary" },
  },
  listDecisions: { url: "/api/v1/rollouts/roll_1/decisions" },
  getDecision: { url: `/api/v1/decisions/${DECISION.id}` },
  replayDecision: { url: `/api/v1/decisions/${DECISION.id}/replay` },
  explainDecision: { url: `/api/v1/decisions/${DECISION.id}/explain` },
  listLedger: { url: "/api/v1/ledger" },
  verifyLedger: { url: "/api/v1/ledger/verify" },
  getSnapshot: { url: "/api/v1/snapshot" },
  listGateways: { url: "/api/v1/gateways" },
  getExchange: { url: "/api/v1/exchanges/exch_1" },
  listFeedback: { url: "/api/v1/feedback?state=unmatched&exchange=exch_1" },
  listKeys: { url: "/api/v1/keys" },
  createKey: { url: "/api/v1/keys", body: { name: "ci", scope: "control", role: "operator" } },
  revokeKey: { url: "/api/v1/keys/key_viewer" },
  pullSnapshot: { url: "/internal/v1/snapshot" },
  deliverExchanges: {
    url: "/internal/v1/exchanges",
    body: { gatewayId: "gw_1", exchanges: [buildExchange()] },
  },
  deliverFeedback: {
    url: "/internal/v1/feedback",
    body: { gatewayId: "gw_1", feedback: [buildFeedback()] },
  },
  reportGateway: {
    url: "/internal/v1/gateways",
    body: {
      id: "gw_1",
      startedAtMs: 1,
      snapshotRevision: 1,
      spoolBytes: 0,
      spooledExchanges: 0,
      droppedExchanges: 0,
      shadowDrops: [{ rolloutId: "roll_1", reason: "queue_full", count: 2 }],
    },
  },
};

const ORDER: readonly Role[] = ["viewer", "reviewer", "operator", "admin"];
const routes = Object.entries(ROUTES) as [RouteName, RouteContract][];

describe.each(routes)("%s", (name, route) => {
  const { url, body } = SAMPLES[name];

  it("answers what the contract says, to whom the contract says", async () => {
    const control = start();
    control.ingested.push(buildExchange());
    for (const as of [...ORDER, "gateway", "nobody"] as const) {
      const answer = await control.request(route.method, url, { as, body });
      const expected = expectedStatus(route, as);
      expect([as, answer.status, answer.text]).toEqual([as, expected, answer.text]);
      const schema = expected === route.status ? route.response : Problem;
      expect(schema.safeParse(answer.body).error).toBeUndefined();
      expect(answer.headers["x-request-id"]).toMatch(/^req_/);
    }
  });

  it("refuses unknown keys and keys of the gateway", async () => {
    const control = start();
    if (route.role === null) return;
    const unknown = await control.request(route.method, url, { key: "guess", body });
    expect(unknown.status).toBe(401);
    expect(unknown.headers["www-authenticate"]).toBe("Bearer");
    const gateway = await control.request(route.method, url, { key: GATEWAY_KEY_SECRET, body });
    expect(gateway.status).toBe(403);
  });
});

function expectedStatus(route: RouteContract, as: Role | "gateway" | "nobody"): number {
  if (route.role === null) return route.status;
  if (as === "nobody") return 401;
  if (as === "gateway" || route.role === "gateway") {
    return as === route.role ? route.status : 403;
  }
  return ORDER.indexOf(as) >= ORDER.indexOf(route.role) ? route.status : 403;
}

describe("a key", () => {
  it("that is revoked or expired is refused, saying so", async () => {
    const control = start();
    const [hash, key] = [...control.state.keys].find(([, each]) => each.role === "viewer")!;
    control.state.keys.set(hash, { ...key, revokedAtMs: 1 });
    const revoked = await control.request("GET", "/api/v1/me", { as: "viewer" });
    expect([revoked.status, Problem.parse(revoked.body).detail]).toEqual([
      401,
      'The key "viewer key" is revoked.',
    ]);
    control.state.keys.set(hash, { ...key, expiresAtMs: 1 });
    const expired = await control.request("GET", "/api/v1/me", { as: "viewer" });
    expect(Problem.parse(expired.body).detail).toContain("expired at 1970-01-01");
  });
});

describe("an error", () => {
  it("of unknown kind shows neither its message nor its details, and is logged once", async () => {
    const control = start();
    control.state.failure = new Error("password=hunter2", { cause: new Error("deeper") });
    const answer = await control.request("GET", "/api/v1/features", {
      headers: { "x-request-id": "abc-1" },
    });
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain("hunter2");
    expect(answer.body).toEqual({
      type: "/docs/errors.md#internal",
      title: "Internal error",
      status: 500,
      detail: "Internal error. The log says more under this request id.",
      instance: "/api/v1/features",
      code: "internal",
      requestId: "abc-1",
    });
    const errors = control.lines.filter((line) => line.level === "error");
    expect(errors.length).toBe(1);
    expect(JSON.stringify(errors[0]?.fields)).toContain("deeper");
  });

  it("of an adapter means what the composition says it means", async () => {
    const control = start({
      classifyError: (cause) =>
        new AppError("database_unavailable", "The database cannot be reached.", { cause }),
    });
    control.state.failure = new Error("ECONNREFUSED");
    const answer = await control.request("GET", "/api/v1/features");
    expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "1"]);
  });

  it("never repeats the query of the request", async () => {
    const control = start();
    const answer = await control.request("GET", "/api/v1/rollouts?limit=x&key=secret");
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain("secret");
  });
});

it("the type of a problem leads to what says what it means", async () => {
  const control = start();
  const problem = Problem.parse((await control.request("GET", "/api/v1/nothing")).body);
  const [path, anchor] = problem.type.split("#");
  const markdown = await control.request("GET", path ?? "", { as: "nobody" });
  expect([markdown.status, markdown.headers["content-type"]]).toEqual([
    200,
    "text/markdown; charset=utf-8",
  ]);
  expect(markdown.text).toContain(`<a id="${anchor}"></a>`);
  const headers = { accept: "text/html,*/*" };
  const page = await control.request("GET", path ?? "", { as: "nobody", headers });
  expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(page.text).toContain(`<h2>not_found</h2>\n<p id="${anchor}">Not found. Status 404.`);
  expect(page.text).toContain("authorization: Bearer &lt;key&gt;");
});

describe("what does not exist", () => {
  it.each([
    ["GET", "/api/v1/nothing", 404, "not_found"],
    ["GET", "/api/v1/features/nothing", 404, "feature_not_found"],
    ["POST", "/api/v1/features/nothing/actions/rollback", 404, "feature_not_found"],
    ["GET", "/api/v1/rollouts/roll_9", 404, "not_found"],
    ["POST", "/api/v1/rollouts/roll_9/actions/pause", 404, "not_found"],
    ["GET", "/api/v1/rollouts/roll_9/decisions", 404, "not_found"],
    ["GET", "/api/v1/decisions/dec_9", 404, "not_found"],
    ["GET", "/api/v1/releases/search@9", 404, "not_found"],
    ["GET", "/api/v1/components/abc", 404, "not_found"],
    ["GET", "/api/v1/exchanges/exch_9", 404, "not_found"],
    ["DELETE", "/api/v1/keys/key_9", 404, "not_found"],
    ["PATCH", "/api/v1/features/search", 405, "method_not_allowed"],
    ["DELETE", "/api/v1/features", 405, "method_not_allowed"],
    ["POST", "/openapi.json", 405, "method_not_allowed"],
    ["GET", "/api/v1/features/%ff", 400, "invalid_request"],
  ] as const)("%s %s -> %i %s", async (...row) => {
    const [method, url, status, code] = row;
    const answer = await start().request(method, url);
    expect([answer.status, Problem.parse(answer.body).code]).toEqual([status, code]);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    expect(answer.headers["allow"] !== undefined).toBe(status === 405);
  });
});

it("the OpenAPI document lists every route of the table", async () => {
  const answer = await start().request("GET", "/openapi.json", { as: "nobody" });
  const document = answer.body as { openapi: string; paths: Record<string, object> };
  expect(document.openapi).toBe("3.1.0");
  for (const [name, route] of routes) {
    const path = document.paths[route.path.replace(/:([a-zA-Z]+)/g, "{$1}")];
    expect([name, Reflect.get(path ?? {}, route.method.toLowerCase())]).toEqual([
      name,
      expect.objectContaining({ operationId: name }) as object,
    ]);
  }
});

it("answers carry headers that keep data from being run, framed or kept", async () => {
  const { headers } = await start().request("GET", "/api/v1/features");
  expect(headers).toMatchObject({
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  });
});
