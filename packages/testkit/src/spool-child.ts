/**
 * A process that spools exchanges and is killed: `node spool-child.ts <directory>`. It prints an id for
 * each record that has resolved, and delivers nothing.
 */
import { exchangeId } from "@spillway/core";
import { createExchangeSpool } from "../../server/src/stream/exchange-spool.ts";
import { createSystemWall } from "../../server/src/telemetry/clocks.ts";
import { buildExchange } from "./exchange-builder.ts";
import { createMemoryLog } from "./memory-sink.ts";

const spool = await createExchangeSpool({
  directory: process.argv[2]!,
  maxBytes: 1e9,
  deliver: () => new Promise(() => undefined),
  wall: createSystemWall(),
  log: createMemoryLog(),
  segmentBytes: 20_000,
});

for (let i = 0; ; i++) {
  const ids = [0, 1, 2].map((part) => exchangeId(`exch_${i}_${part}`));
  await Promise.all(
    ids.map(async (id) => {
      await spool.record(buildExchange({ id }));
      process.stdout.write(`${id}\n`);
    }),
  );
}
