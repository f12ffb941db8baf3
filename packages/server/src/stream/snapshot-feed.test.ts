import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Snapshot } from "@spillway/core";
import type { FakeControlPlane } from "@spillway/testkit";
import {
  buildExchange,
  buildRoute,
  buildSnapshot,
  CONTROL_TOKEN,
  createMemoryLog,
  startFakeControlPlane,
} from "@spillway/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SnapshotHolder } from "../gateway/snapshot-holder.ts";
import { createSnapshotHolder } from "../gateway/snapshot-holder.ts";
import { createHandMovedClock, createSystemWall } from "../telemetry/clocks.ts";
import { createExchangeSpool } from "./exchange-spool.ts";
import { createGatewayReporter } from "./gateway-reporter.ts";
import { createHttpDelivery } from "./http-delivery.ts";
import { createSnapshotFeed } from "./snapshot-feed.ts";

let directory: string;
const cleanups: (() => Promise<void>)[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "snapshot-"));
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  rmSync(directory, { recursive: true });
});

function holderOf(file = join(directory, "snapshot.json")) {
  const log = createMemoryLog();
  return { holder: createSnapshotHolder({ file, log }), log: log.lines, file };
}

const untilRevision = (holder: SnapshotHolder, revision: number): Promise<Snapshot> => {
  const current = holder.current();
  if (current?.revision === revision) return Promise.resolve(current);
  return new Promise((resolve) => {
    holder.onSwap((snapshot) => {
      if (snapshot.revision === revision) resolve(snapshot);
    });
  });
};

async function controlPlane(revision = 1): Promise<FakeControlPlane> {
  const control = await startFakeControlPlane(buildSnapshot({ revision }));
  cleanups.push(control.close);
  return control;
}

function feedOf(control: FakeControlPlane, holder: SnapshotHolder) {
  const wall = createHandMovedClock();
  const feed = createSnapshotFeed({
    baseUrl: control.baseUrl,
    token: CONTROL_TOKEN,
    offer: holder.offer,
    served: () => holder.current(),
    wall,
    log: createMemoryLog(),
    random: () => 0,
  });
  cleanups.push(feed.close);
  return { feed, wall };
}

describe("the snapshot holder", () => {
  test("serves what the control plane says, also when its numbers start anew, with a warning", () => {
    const { holder, log } = holderOf();
    expect(holder.current()).toBeNull();
    expect(holder.offer(buildSnapshot({ revision: 5 }))).toEqual({ kind: "swapped", revision: 5 });
    expect(holder.offer(buildSnapshot({ revision: 5 }))).toEqual({ kind: "same" });
    // Another database, or a restored backup: the control plane is the truth all the same.
    expect(holder.offer(buildSnapshot({ revision: 4 }))).toEqual({ kind: "swapped", revision: 4 });
    const sameNumber = { ...buildSnapshot({ revision: 4 }), createdAtMs: 1 };
    expect(holder.offer(sameNumber)).toEqual({ kind: "swapped", revision: 4 });
    expect(holder.current()?.createdAtMs).toBe(1);
    expect(log.filter(({ level }) => level === "warn")).toHaveLength(2);
  });

  test("refuses a snapshot that routes to what it does not hold", () => {
    const { holder } = holderOf();
    holder.offer(buildSnapshot({ revision: 1 }));
    const routes = [buildRoute({ baseline: "support@9" as never })];
    expect(holder.offer(buildSnapshot({ revision: 2, routes }))).toMatchObject({ kind: "invalid" });
    expect(holder.offer("<html>")).toMatchObject({ kind: "invalid" });
    expect(holder.current()?.revision).toBe(1);
  });

  test("starts from the last known good one on disk", async () => {
    const { holder, file } = holderOf();
    holder.offer(buildSnapshot({ revision: 7 }));
    holder.offer(buildSnapshot({ revision: 8 }));
    await holder.saved();
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ revision: 8 });

    const restarted = holderOf(file).holder;
    await restarted.load();
    expect(restarted.current()?.revision).toBe(8);
  });

  test("starts empty when the stored one is damaged", async () => {
    const { holder, file, log } = holderOf();
    writeFileSync(file, '{"revision":');
    await holder.load();
    expect(holder.current()).toBeNull();
    expect(log).toMatchObject([{ level: "warn" }]);
  });
});

describe("the snapshot feed", () => {
  test("brings a pushed revision without waiting for a poll", async () => {
    const control = await controlPlane(1);
    const { holder } = holderOf();
    const { feed } = feedOf(control, holder);
    feed.start();
    await untilRevision(holder, 1);
    await control.untilSubscribed();
    control.publish(buildSnapshot({ revision: 2 }));
    // The wall stands still: no poll could have brought it.
    expect((await untilRevision(holder, 2)).revision).toBe(2);
  });

  test("finds by polling what was never pushed, and asks for what is new only", async () => {
    const control = await controlPlane(1);
    const { holder } = holderOf();
    const { feed, wall } = feedOf(control, holder);
    feed.start();
    await untilRevision(holder, 1);
    await wall.untilSleeping(1);
    await wall.advance(2_000);
    await control.untilPulls(2);
    expect(control.statusesOfPulls.slice(0, 2)).toEqual([200, 304]);
    control.publish(buildSnapshot({ revision: 2 }), { isPushed: false });
    await wall.untilSleeping(1);
    await wall.advance(2_000);
    await untilRevision(holder, 2);
  });

  test("keeps the gateway serving while the control plane is away", async () => {
    const control = await startFakeControlPlane(buildSnapshot({ revision: 3 }));
    const { holder } = holderOf();
    const { feed } = feedOf(control, holder);
    await feed.pull();
    await control.close();
    await feed.pull();
    expect(holder.current()?.revision).toBe(3);
  });
});

test("the reporter tells at its start, after a swap, and every five seconds", async () => {
  const control = await controlPlane();
  const wall = createHandMovedClock();
  let revision = 1;
  const reporter = createGatewayReporter({
    baseUrl: control.baseUrl,
    token: CONTROL_TOKEN,
    report: () => ({ id: "gw_1", snapshotRevision: revision }),
    wall,
    log: createMemoryLog(),
  });
  cleanups.push(reporter.close);
  reporter.start();
  await control.untilReports(1);
  await wall.untilSleeping(1);
  revision = 2;
  await reporter.reportNow();
  await wall.advance(5_000);
  await control.untilReports(3);
  expect(control.reports.map(({ snapshotRevision }) => snapshotRevision)).toEqual([1, 2, 2]);
});

test("exchanges travel from the spool over HTTP, and a repeat counts once", async () => {
  const control = await controlPlane();
  const delivery = createHttpDelivery({
    baseUrl: control.baseUrl,
    token: CONTROL_TOKEN,
    gatewayId: "gw_1",
  });
  cleanups.push(delivery.close);
  const spool = await createExchangeSpool({
    directory: join(directory, "spool"),
    maxBytes: 1e6,
    deliver: delivery.deliver,
    wall: createSystemWall(),
    log: createMemoryLog(),
  });
  cleanups.push(spool.close);
  await spool.record(buildExchange());
  await spool.record(buildExchange());
  await spool.delivered();
  expect(control.exchangeIds).toEqual(["exch_1"]);
});
