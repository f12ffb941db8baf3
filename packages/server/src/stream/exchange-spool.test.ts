import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { JsonObject } from "@spillway/core";
import { AppError, exchangeId } from "@spillway/core";
import { buildExchange, createMemoryLog } from "@spillway/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Receipt } from "../ports.ts";
import { createHandMovedClock } from "../telemetry/clocks.ts";
import type { ExchangeSpool, ExchangeSpoolOptions } from "./exchange-spool.ts";
import { createExchangeSpool } from "./exchange-spool.ts";

let directory: string;
const open: ExchangeSpool[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "spool-"));
});

afterEach(async () => {
  for (const spool of open.splice(0)) await spool.close();
  rmSync(directory, { recursive: true });
});

async function start(options: Partial<ExchangeSpoolOptions> = {}) {
  const log = createMemoryLog();
  const wall = createHandMovedClock();
  const spool = await createExchangeSpool({
    directory,
    maxBytes: 10_000_000,
    deliver: () => new Promise(() => undefined),
    wall,
    log,
    random: () => 1,
    ...options,
  });
  open.push(spool);
  return { spool, log: log.lines, wall };
}

const exchange = (name: string) => buildExchange({ id: exchangeId(name) });
const received = (rejected: Receipt["rejected"] = []): Receipt => ({
  accepted: 1,
  duplicates: 0,
  rejected,
});

/** A control plane that keeps what it is sent. */
function collector(answer: (ids: readonly string[]) => Receipt = () => received()) {
  const batches: (readonly string[])[] = [];
  return {
    batches,
    ids: () => batches.flat(),
    deliver: (exchanges: readonly JsonObject[], signal: AbortSignal): Promise<Receipt> => {
      if (signal.aborted) return Promise.reject(signal.reason as Error);
      const ids = exchanges.map(({ id }) => JSON.stringify(id).replaceAll('"', ""));
      batches.push(ids);
      return Promise.resolve().then(() => answer(ids));
    },
  };
}

function segments(): string[] {
  return readdirSync(directory).filter((name) => name.startsWith("exchanges-"));
}

describe("recording", () => {
  test("resolves when the line is on disk", async () => {
    const { spool } = await start();
    await spool.record(exchange("a"));
    expect(readFileSync(join(directory, segments()[0]!), "utf8")).toContain('"id":"a"');
    expect(spool.state()).toMatchObject({ spooledExchanges: 1, droppedExchanges: 0 });
  });

  test("never blocks and never grows beyond its bound: what is too much is counted", async () => {
    const size = Buffer.byteLength(JSON.stringify(exchange("a"))) + 1;
    const { spool, log } = await start({ maxBytes: 2 * size });
    await Promise.all(["a", "b", "c", "d"].map((name) => spool.record(exchange(name))));
    expect(spool.state()).toEqual({
      spooledExchanges: 2,
      spoolBytes: 2 * size,
      droppedExchanges: 2,
    });
    expect(log.filter(({ level }) => level === "error")).toHaveLength(1);
  });
});

describe("delivery", () => {
  test("sends all in order, in batches, and removes finished segments", async () => {
    const { deliver, ids, batches } = collector();
    const { spool } = await start({ deliver, segmentBytes: 2_000 });
    const names = Array.from({ length: 1_200 }, (_, i) => `e${i}`);
    await Promise.all(names.map((name) => spool.record(exchange(name))));
    for (let i = 0; i < 10; i++) await spool.record(exchange(`late${i}`));
    await spool.delivered();
    expect(ids()).toEqual([...names, ...Array.from({ length: 10 }, (_, i) => `late${i}`)]);
    expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(500);
    expect(spool.state()).toEqual({ spooledExchanges: 0, spoolBytes: 0, droppedExchanges: 0 });
    expect(segments().length).toBeLessThanOrEqual(2);
  });

  test("goes on where it stopped, after a restart", async () => {
    const { spool } = await start();
    await spool.record(exchange("a"));
    await spool.record(exchange("b"));
    await spool.close();

    const first = collector();
    const second = await start({ deliver: first.deliver });
    expect(second.spool.state().spooledExchanges).toBe(2);
    await second.spool.delivered();
    await second.spool.record(exchange("c"));
    await second.spool.delivered();
    await second.spool.close();
    expect(first.ids()).toEqual(["a", "b", "c"]);

    const again = collector();
    const third = await start({ deliver: again.deliver });
    expect(third.spool.state()).toMatchObject({ spooledExchanges: 0, spoolBytes: 0 });
    await third.spool.record(exchange("d"));
    await third.spool.delivered();
    expect(again.ids()).toEqual(["d"]);
  });

  test("sends a batch again when its receipt was lost", async () => {
    let isFirst = true;
    const { deliver, batches } = collector(() => {
      if (!isFirst) return received();
      isFirst = false;
      throw new AppError("overloaded", "the connection broke after the server had stored it");
    });
    const { spool, wall, log } = await start({ deliver });
    await spool.record(exchange("a"));
    await wall.untilSleeping(1);
    expect(spool.state().spooledExchanges).toBe(1);
    await wall.advance(200);
    await spool.delivered();
    expect(batches).toEqual([["a"], ["a"]]);
    expect(log.map(({ level }) => level)).toEqual(["warn", "info"]);
  });

  test("waits longer and longer while the control plane is away", async () => {
    let isAway = true;
    const { deliver, batches } = collector(() => {
      if (isAway) throw new Error("connect ECONNREFUSED");
      return received();
    });
    const { spool, wall } = await start({ deliver });
    await spool.record(exchange("a"));
    for (const waitMs of [200, 400, 800]) {
      await wall.untilSleeping(1);
      await wall.advance(waitMs);
    }
    await wall.untilSleeping(1);
    expect(batches).toHaveLength(4);
    isAway = false;
    await wall.advance(1_600);
    await spool.delivered();
  });

  test("puts what is rejected into the dead-letter file and goes on", async () => {
    const { deliver } = collector((ids) =>
      received(ids.includes("bad") ? [{ id: "bad", message: "no such feature" }] : []),
    );
    const { spool, log } = await start({ deliver });
    await Promise.all(["a", "bad", "c"].map((name) => spool.record(exchange(name))));
    await spool.delivered();
    const letters = readFileSync(join(directory, "dead-letter.jsonl"), "utf8").trim().split("\n");
    expect(letters).toHaveLength(1);
    expect(JSON.parse(letters[0]!)).toMatchObject({ reason: "no such feature" });
    expect(log.filter(({ level }) => level === "error")).toHaveLength(1);
  });

  test("finds the one record for which the server refuses a whole batch", async () => {
    const { deliver, batches } = collector((ids) => {
      if (ids.includes("bad")) throw new AppError("invalid_request", "answered 400");
      return received();
    });
    const { spool } = await start({ deliver });
    await Promise.all(["a", "b", "bad", "c"].map((name) => spool.record(exchange(name))));
    await spool.delivered();
    expect(batches.filter((ids) => !ids.includes("bad")).flat()).toEqual(["a", "b", "c"]);
    expect(readFileSync(join(directory, "dead-letter.jsonl"), "utf8")).toContain("answered 400");
  });
});

describe("a crash", () => {
  test("leaves a torn line, which is left out", async () => {
    const { spool } = await start();
    await spool.record(exchange("a"));
    await spool.close();
    appendFileSync(join(directory, segments()[0]!), '{"id":"torn","feat');

    const { deliver, ids } = collector();
    const after = await start({ deliver });
    await after.spool.record(exchange("b"));
    await after.spool.delivered();
    expect(ids()).toEqual(["a", "b"]);
    expect(after.log.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/torn last line/),
    );
    expect(after.spool.state().spoolBytes).toBe(0);
  });

  test("between noting a segment as delivered and removing it leaves no file for ever", async () => {
    const delivered = join(directory, "exchanges-0000000000.jsonl");
    appendFileSync(delivered, `${JSON.stringify(exchange("a"))}\n`);
    appendFileSync(join(directory, "delivered.json"), '{"segment":1,"offset":0}');
    const { deliver, ids } = collector();
    const { spool } = await start({ deliver });
    await spool.record(exchange("b"));
    await spool.delivered();
    expect(ids()).toEqual(["b"]);
    expect(readdirSync(directory)).not.toContain("exchanges-0000000000.jsonl");
  });

  test("by kill -9 loses no exchange whose record had resolved", async () => {
    const program = fileURLToPath(new URL("../../../testkit/src/spool-child.ts", import.meta.url));
    const child = spawn(process.execPath, [program, directory], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      if (printed.length > 3_000) child.kill("SIGKILL");
    });
    const [, signal] = (await once(child, "close")) as [number | null, string];
    expect(signal).toBe("SIGKILL");
    const acknowledged = printed.slice(0, printed.lastIndexOf("\n")).split("\n");
    expect(acknowledged.length).toBeGreaterThan(100);

    const { deliver, ids } = collector();
    const { spool } = await start({ deliver });
    await spool.delivered();
    const delivered = new Set(ids());
    expect(acknowledged.filter((id) => !delivered.has(id))).toEqual([]);
    expect(ids()).toHaveLength(delivered.size);
  });
});
