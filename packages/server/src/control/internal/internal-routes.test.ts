import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ExchangeReceipt, Gateway, Problem } from "@spillway/contract";
import { exchangeId } from "@spillway/core";
import {
  buildExchange,
  startTestControl,
  type TestControl,
} from "../../../../testkit/src/control-kit.ts";

let control: TestControl;
beforeEach(() => {
  control = startTestControl();
});
afterEach(() => control.server.close());

const deliver = (exchanges: readonly unknown[]) =>
  control.request("POST", "/internal/v1/exchanges", {
    as: "gateway",
    body: { gatewayId: "gw_1", exchanges },
  });

describe("a batch of exchanges", () => {
  it("arrives as it was, and a repeat counts once", async () => {
    const exchange = buildExchange({ attributes: { document_type: "discharge" } });
    const first = ExchangeReceipt.parse((await deliver([exchange])).body);
    const again = ExchangeReceipt.parse((await deliver([exchange])).body);
    expect([first.accepted, again.accepted, again.duplicates]).toEqual([1, 0, 1]);
    expect(control.ingested).toEqual([exchange]);
  });

  it("is not held up by a malformed one", async () => {
    const broken = { ...buildExchange(), id: "exch_2", arm: "third", latencyMs: -1 };
    const orphan = buildExchange({ id: exchangeId("exch_3"), role: "shadow" });
    const answer = await deliver([broken, orphan, buildExchange(), {}]);
    const receipt = ExchangeReceipt.parse(answer.body);
    expect([answer.status, receipt.accepted]).toEqual([200, 1]);
    expect(receipt.rejected.map((each) => each.id)).toEqual(["exch_2", "exch_3", ""]);
    expect(receipt.rejected[0]?.message).toMatch(/^arm: .*; latencyMs: /);
    expect(receipt.rejected[1]?.message).toContain("shadowOf");
  });

  it("keeps an answer that no database can hold, without what it cannot hold", async () => {
    await deliver([buildExchange({ output: "a\0b\uD800", input: { text: "\0" } })]);
    expect(control.ingested[0]?.output).toBe("a\uFFFDb\uFFFD");
    expect(control.ingested[0]?.input).toEqual({ text: "\uFFFD" });
  });

  it("is not held up by one that is nested without end", async () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    const exchange = JSON.stringify({ ...buildExchange(), id: "exch_deep", input: 0 });
    const text = `{"gatewayId": "gw_1", "exchanges": [${exchange.replace('"input":0', `"input":${deep}`)},
      ${JSON.stringify(buildExchange())}]}`;
    const answer = await control.request("POST", "/internal/v1/exchanges", { as: "gateway", text });
    const receipt = ExchangeReceipt.parse(answer.body);
    expect([receipt.accepted, receipt.rejected.map((each) => each.id)]).toEqual([1, ["exch_deep"]]);
  });

  it("may be large, and has a bound of its own", async () => {
    await control.server.close();
    control = startTestControl({ limits: { bodyBytes: 100, exchangeBodyBytes: 5_000 } });
    expect((await deliver([buildExchange()])).status).toBe(200);
    expect((await deliver([buildExchange({ output: "x".repeat(9_000) })])).status).toBe(413);
  });
});

describe("the snapshot", () => {
  const pull = (headers: Readonly<Record<string, string>> = {}) =>
    control.request("GET", "/internal/v1/snapshot", { as: "gateway", headers });

  it("is sent once per revision", async () => {
    const first = await pull();
    expect([first.status, first.headers["etag"]]).toEqual([200, '"2-1800000000000"']);
    const known = await pull({ "if-none-match": '"2-1800000000000"' });
    expect([known.status, known.text]).toEqual([304, ""]);
    control.state.revision = 3;
    expect((await pull({ "if-none-match": '"2-1800000000000"' })).status).toBe(200);
  });

  it("says that there is none yet", async () => {
    control.state.revision = 0;
    const answer = await pull();
    expect([answer.status, Problem.parse(answer.body).code]).toEqual([503, "snapshot_missing"]);
  });

  it("shows people no hashes of keys", async () => {
    const own = await pull();
    const shown = await control.request("GET", "/api/v1/snapshot", { as: "viewer" });
    expect(own.text).toContain('"sha256"');
    expect(shown.text).not.toContain('"sha256"');
  });
});

it("a gateway is current when it serves the newest revision", async () => {
  const report = {
    id: "gw_1",
    startedAtMs: 1,
    snapshotRevision: 1,
    spoolBytes: 0,
    spooledExchanges: 0,
    droppedExchanges: 0,
    shadowDrops: [],
  };
  for (const found of [report, { ...report, id: "gw_2", snapshotRevision: 2 }]) {
    const answer = await control.request("POST", "/internal/v1/gateways", {
      as: "gateway",
      body: found,
    });
    expect(answer.body).toEqual({ snapshotRevision: 2 });
  }
  const answer = await control.request("GET", "/api/v1/gateways", { as: "viewer" });
  const { items } = answer.body as { items: unknown[] };
  expect(items.map((item) => Gateway.parse(item).isCurrent)).toEqual([false, true]);
});
