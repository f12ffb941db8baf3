import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startGatewayProcess } from "./compose-gateway.ts";
import { parseConfig } from "./config.ts";

let dataDir = "";

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "spillway-gateway-"));
});

afterEach(() => rm(dataDir, { recursive: true, force: true }));

describe("two gateways on one folder", () => {
  it("never share the spool: the second begins when the first has left", async () => {
    const config = parseConfig({
      SPILLWAY_ROLE: "gateway",
      SPILLWAY_DATA_DIR: dataDir,
      SPILLWAY_GATEWAY_PORT: "0",
      // Nobody listens there: a gateway starts without its control plane.
      SPILLWAY_CONTROL_URL: "http://127.0.0.1:9",
      SPILLWAY_LOG_LEVEL: "silent",
    });
    const events: string[] = [];
    const stopFirst = await startGatewayProcess(config, "token");
    const second = startGatewayProcess(config, "token").then((stop) => {
      events.push("the second serves");
      return stop;
    });
    // A start takes a few milliseconds; this is time enough to see one that does not wait.
    await Promise.race([second, sleep(300)]);
    await stopFirst();
    events.push("the first has left");
    await (
      await second
    )();
    expect(events).toEqual(["the first has left", "the second serves"]);
  });
});
