import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import type { ControlClient } from "@spillway/sdk";
import { createControlClient } from "@spillway/sdk";
import { afterEach, expect, test } from "vitest";
import { freePort } from "../installation.ts";

const DEMO = fileURLToPath(new URL("main.ts", import.meta.url));
/** "Under three minutes" is promised for a whole machine; tests share one. */
const STORY_MS = 170_000;

type Demo = {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly complained: () => string;
  readonly exited: Promise<number | null>;
  readonly until: (words: RegExp) => Promise<RegExpExecArray>;
};

let running: ChildProcess | null = null;
afterEach(() => {
  running?.kill("SIGKILL");
});

function startDemo(args: readonly string[], env: Record<string, string>): Demo {
  const child = spawn(process.execPath, [DEMO, ...args], {
    env: { ...process.env, SPILLWAY_DATA_DIR: "/nowhere", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running = child;
  let said = "";
  let complained = "";
  const listeners = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complained += text;
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const until = (words: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = words.exec(said);
        if (found === null) return;
        listeners.delete(look);
        resolve(found);
      };
      listeners.add(look);
      look();
      void exited.then((code) =>
        reject(new Error(`The demo ended with ${code}.\n${said}\n${complained}`)),
      );
    });
  return { child, said: () => said, complained: () => complained, exited, until };
}

test(
  "the story goes as it is told, and the API says the same",
  { timeout: STORY_MS + 20_000 },
  async () => {
    const startedAtMs = Date.now();
    const controlPort = await freePort();
    const demo = startDemo([], {
      SPILLWAY_GATEWAY_PORT: String(await freePort()),
      SPILLWAY_CONTROL_PORT: String(controlPort),
    });
    const [, key = ""] = await demo.until(/#key=(\S+)/);
    const [, dataDir = ""] = await demo.until(/SPILLWAY_DATA_DIR=(\S+)/);
    await demo.until(/Ctrl-C stops everything/);
    expect(Date.now() - startedAtMs).toBeLessThan(STORY_MS);

    const client = createControlClient({ baseUrl: `http://127.0.0.1:${controlPort}`, key });
    await checkRollouts(client);
    await checkRecords(client);
    expect(demo.said()).toContain(" 0 failed.");
    expect(demo.said()).not.toContain("✖  v3");
    expect(demo.said()).not.toContain("\u001B");

    demo.child.kill("SIGTERM");
    expect(await demo.exited).toBe(0);
    expect(existsSync(dataDir)).toBe(false);
  },
);

async function checkRollouts(client: ControlClient): Promise<void> {
  const { items } = await client.call("listRollouts", {});
  const [shadow, canary, good] = items.toSorted((a, b) => a.createdAtMs - b.createdAtMs);
  expect([shadow, canary, good].map((rollout) => [rollout?.candidate, rollout?.state])).toEqual([
    ["discharge-summary@2", "rolled_back"],
    ["discharge-summary@2", "rolled_back"],
    ["discharge-summary@3", "completed"],
  ]);
  expect(await endOf(client, shadow?.id)).toMatchObject({ stage: "shadow", exposed: 0 });
  const inCanary = await endOf(client, canary?.id);
  expect(inCanary.stage).toBe("canary");
  expect(inCanary.exposed).toBeGreaterThan(0);
  // A tenth of some seconds' traffic; had nobody watched, it would have been a tenth of a day's.
  expect(inCanary.exposed).toBeLessThan(150);
  for (const end of [await endOf(client, shadow?.id), inCanary]) {
    expect(end.reason).toContain("quality on morbidity=multi fell");
  }
  const feature = await client.call("getFeature", { params: { feature: "discharge-summary" } });
  expect(feature.baseline).toBe("discharge-summary@3");
}

async function endOf(client: ControlClient, id = "") {
  const rollout = await client.call("getRollout", { params: { id } });
  const { items } = await client.call("listDecisions", { params: { id } });
  const exposed = rollout.exposures.reduce((sum, of) => sum + of.candidate, 0);
  return { stage: items[0]?.stage, reason: items[0]?.reason, exposed };
}

async function checkRecords(client: ControlClient): Promise<void> {
  const { items } = await client.call("listRollouts", {});
  for (const { id } of items) {
    const decisions = await client.call("listDecisions", { params: { id } });
    for (const decision of decisions.items) {
      const replay = await client.call("replayDecision", { params: { id: decision.id } });
      expect(replay).toMatchObject({ agrees: true });
    }
  }
  expect((await client.call("verifyLedger", {})).isIntact).toBe(true);
}

test("a taken port is named, with what to set", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const address = taken.address();
  const port = typeof address === "object" ? String(address?.port) : "";
  const demo = startDemo(["--exit"], {
    SPILLWAY_GATEWAY_PORT: String(await freePort()),
    SPILLWAY_CONTROL_PORT: port,
  });
  expect(await demo.exited).toBe(1);
  expect(demo.complained()).toContain(`Port ${port} is taken.`);
  expect(demo.complained()).toContain("SPILLWAY_CONTROL_PORT");
  taken.close();
});
