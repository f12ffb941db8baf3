import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { ChangeEvent, Problem } from "@spillway/contract";
import { GATEWAY_TOKEN, startTestControl } from "../../../../testkit/src/control-kit.ts";
import type { Change } from "../control-ports.ts";

let cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(cleanUp.map((each) => each()));
  cleanUp = [];
});

async function listen(options: Parameters<typeof startTestControl>[0] = {}) {
  const control = startTestControl(options);
  cleanUp.push(() => control.server.close());
  const { port } = await control.server.listen({ host: "127.0.0.1", port: 0 });
  return { control, origin: `http://127.0.0.1:${port}`, port };
}

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

/** Reads a stream event by event. */
function eventsOf(response: Response) {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    next: async (pattern: RegExp): Promise<string> => {
      for (;;) {
        const match = pattern.exec(text);
        if (match !== null) {
          text = text.slice(match.index + match[0].length);
          return match[1] ?? match[0];
        }
        const { done, value } = await reader.read();
        if (done) return "ended";
        text += value;
      }
    },
    stop: () => reader.cancel(),
  };
}

const change = (parts: Partial<Change> = {}): Change => ({
  kind: "rollout",
  feature: "search",
  rolloutId: "roll_1",
  snapshotRevision: null,
  ...parts,
});

const DATA = /data: (.*)\n\n/;

describe("over a socket", () => {
  it("answers as in process", async () => {
    const { control, origin } = await listen();
    const headers = bearer(control.secretOf("viewer"));
    const found = await fetch(`${origin}/api/v1/me`, { headers });
    expect([found.status, await found.json()]).toEqual([
      200,
      { name: "viewer key", role: "viewer" },
    ]);
    const refused = await fetch(`${origin}/api/v1/rollouts/roll_1/actions/promote`, {
      method: "POST",
      headers,
    });
    expect(Problem.parse(await refused.json())).toMatchObject({ status: 403, code: "forbidden" });
    const big = await fetch(`${origin}/api/v1/strategies`, {
      method: "POST",
      headers: { ...bearer(control.secretOf("admin")), "content-type": "application/json" },
      body: `{"name": "`,
    });
    expect(Problem.parse(await big.json()).code).toBe("invalid_request");
  });

  it("survives what is not HTTP", async () => {
    const { origin, port } = await listen();
    await new Promise<void>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => socket.end("nonsense\r\n\r\n"));
      socket.on("error", () => undefined);
      socket.resume();
      socket.on("close", () => resolve());
    });
    expect((await fetch(`${origin}/healthz`)).status).toBe(200);
  });
});

describe("the stream of changes", () => {
  it("is for people with a key, and tells each change", async () => {
    const { control, origin } = await listen();
    const url = `${origin}/api/v1/events`;
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url, { headers: bearer(GATEWAY_TOKEN) })).status).toBe(403);
    const response = await fetch(url, { headers: bearer(control.secretOf("viewer")) });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const events = eventsOf(response);
    await events.next(/retry: 1000\n\n/);
    control.emit(change());
    const data = await events.next(DATA);
    expect(ChangeEvent.parse(JSON.parse(data))).toEqual(change());
    await events.stop();
  });

  it("shows signs of life, ends when it is old, and is bounded in number", async () => {
    const { control, origin } = await listen({
      limits: { heartbeatMs: 20, streamMs: 150, eventClients: 1 },
    });
    const headers = bearer(control.secretOf("viewer"));
    const first = await fetch(`${origin}/api/v1/events`, { headers });
    const second = await fetch(`${origin}/api/v1/events`, { headers });
    expect([second.status, Problem.parse(await second.json()).code]).toEqual([503, "overloaded"]);
    const events = eventsOf(first);
    expect(await events.next(/: still here/)).toBe(": still here");
    expect(await events.next(/never/)).toBe("ended");
    const third = await fetch(`${origin}/api/v1/events`, { headers });
    expect(third.status).toBe(200);
    await third.body?.cancel();
  });
});

describe("the stream of revisions", () => {
  it("tells the present one at once, then each newer one, and none twice", async () => {
    const { control, origin } = await listen();
    const response = await fetch(`${origin}/internal/v1/snapshot/revisions`, {
      headers: bearer(GATEWAY_TOKEN),
    });
    const events = eventsOf(response);
    expect(await events.next(DATA)).toBe('{"revision":2}');
    for (const revision of [2, null, 4, 3, 5]) control.emit(change({ snapshotRevision: revision }));
    expect(await events.next(DATA)).toBe('{"revision":4}');
    expect(await events.next(DATA)).toBe('{"revision":5}');
    await events.stop();
  });
});

describe("closing", () => {
  it("ends the streams, lets a request finish, and takes no more", async () => {
    const { control, origin } = await listen();
    const headers = bearer(control.secretOf("admin"));
    const stream = eventsOf(await fetch(`${origin}/api/v1/events`, { headers }));
    let finish: (value: "ok") => void = () => undefined;
    const waits = new Promise<"ok">((resolve) => {
      finish = resolve;
    });
    const asked = new Promise<void>((started) => {
      Object.assign(control.ports.health, {
        database: () => {
          started();
          return waits;
        },
      });
    });
    const slow = fetch(`${origin}/healthz`);
    await asked;
    const closed = control.server.close();
    expect(await stream.next(/never/)).toBe("ended");
    const finishedAtMs = performance.now();
    finish("ok");
    expect((await slow).status).toBe(200);
    await closed;
    expect(performance.now() - finishedAtMs).toBeLessThan(5_000);
    expect(control.subscribers()).toBe(0);
    await expect(fetch(`${origin}/healthz`)).rejects.toThrow("fetch failed");
  });

  it("does not wait for ever", async () => {
    const { control, origin } = await listen({ limits: { drainMs: 50 } });
    const asked = new Promise<void>((started) => {
      Object.assign(control.ports.health, {
        database: () => {
          started();
          return new Promise(() => undefined);
        },
      });
    });
    const stuck = fetch(`${origin}/healthz`).then(
      () => "answered",
      () => "cut off",
    );
    await asked;
    await control.server.close();
    expect(await stuck).toBe("cut off");
  });
});

describe("the dashboard", () => {
  async function built(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "spillway-dashboard-"));
    cleanUp.push(() => rm(folder, { recursive: true }));
    const dist = join(folder, "dist");
    await mkdir(join(dist, "assets"), { recursive: true });
    await writeFile(join(dist, "index.html"), "<!doctype html><p>the page</p>");
    await writeFile(join(dist, "assets", "main.abc.js"), "export {};");
    await writeFile(join(dist, ".hidden"), "secret");
    await writeFile(join(folder, "outside.txt"), "secret");
    await symlink(join(folder, "outside.txt"), join(dist, "link.txt"));
    return dist;
  }

  it("is served with its own policy, and its routes lead to the page", async () => {
    const { control } = await listen({ staticDir: await built() });
    const page = await control.request("GET", "/", { as: "nobody" });
    expect([page.status, page.text]).toEqual([200, "<!doctype html><p>the page</p>"]);
    expect(page.headers["content-security-policy"]).toContain("script-src 'self'");
    expect(page.headers["cache-control"]).toBe("no-cache");
    const route = await control.request("GET", "/components/search-prompt:v3.2", { as: "nobody" });
    expect(route.text).toBe(page.text);
    const script = await control.request("GET", "/assets/main.abc.js", { as: "nobody" });
    expect(script.headers["content-type"]).toContain("text/javascript");
    expect(script.headers["cache-control"]).toContain("immutable");
    const head = await control.request("HEAD", "/assets/main.abc.js", { as: "nobody" });
    expect([head.status, head.text]).toEqual([200, ""]);
  });

  it.each([
    "/../outside.txt",
    "/..%2foutside.txt",
    "/%2e%2e/outside.txt",
    "/assets/..%2f..%2foutside.txt",
    "/..%5coutside.txt",
    "/link.txt",
    "/.hidden",
    "/%00.txt",
    "/assets/missing.js",
    "//etc/passwd.txt",
  ])("gives nothing for %s", async (path) => {
    const { control, port } = await listen({ staticDir: await built() });
    const answer = await control.request("GET", path, { as: "nobody" });
    expect(answer.text).not.toContain("secret");
    expect([400, 404]).toContain(answer.status);
    const raw = await rawGet(port, path);
    expect(raw).not.toContain("secret");
    expect(raw).toMatch(/^HTTP\/1\.1 40[04] /);
  });

  it("says how to build it when it is not built, while the API works", async () => {
    const { control } = await listen({ staticDir: "/nowhere/at/all" });
    const page = await control.request("GET", "/", { as: "nobody" });
    expect([page.status, page.text]).toEqual([
      503,
      expect.stringContaining("npm run build --workspace @spillway/dashboard") as string,
    ]);
    expect((await control.request("GET", "/api/v1/features")).status).toBe(200);
    expect((await control.request("GET", "/api/v2/features")).status).toBe(404);
  });
});

/** Sends the path as it is: `fetch` would tidy it first. */
function rawGet(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
    });
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => (text += String(chunk)));
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
  });
}
