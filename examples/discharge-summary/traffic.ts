/**
 * Asks a running gateway for the summaries of the example's encounters, one after the other, until
 * Ctrl-C: `node examples/discharge-summary/traffic.ts [requests per second]`.
 *
 * The key is SPILLWAY_GATEWAY_KEY, or the one that a server on this machine wrote to its data folder.
 */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadItems, startTraffic } from "../../packages/testkit/src/demo/traffic.ts";

const { env } = process;
const keyFile = join(env["SPILLWAY_DATA_DIR"] ?? ".spillway", "gateway-key");
const traffic = startTraffic({
  gatewayUrl: `http://127.0.0.1:${env["SPILLWAY_GATEWAY_PORT"] ?? 4100}`,
  gatewayKey: env["SPILLWAY_GATEWAY_KEY"] ?? (await readFile(keyFile, "utf8")).trim(),
  feature: "discharge-summary",
  items: await loadItems(fileURLToPath(new URL(".", import.meta.url))),
  perSecond: Number(process.argv[2] ?? 5),
});
const report = setInterval(() => {
  process.stdout.write(`${traffic.answered()} answered, ${traffic.failed()} failed\n`);
}, 5_000);
await once(process, "SIGINT");
clearInterval(report);
await traffic.stop();
