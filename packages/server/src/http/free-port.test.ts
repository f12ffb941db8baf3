import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { requireFreePort } from "./free-port.ts";

const host = "127.0.0.1";
const other = createServer();

afterEach(() => new Promise<void>((resolve) => void other.close(() => resolve())));

async function takenPort(): Promise<number> {
  await new Promise<void>((resolve) => other.listen({ host, port: 0 }, resolve));
  return (other.address() as AddressInfo).port;
}

const waiting = (sleep: () => Promise<void>) => ({
  wall: { nowMs: () => 0, sleep },
  ending: new AbortController().signal,
  onWait: () => undefined,
});

it("a port that another program keeps ends the start, and says which variable to change", async () => {
  const port = await takenPort();
  const wanted = { host, port, variable: "SPILLWAY_GATEWAY_PORT" };
  await expect(
    requireFreePort(
      wanted,
      waiting(async () => undefined),
    ),
  ).rejects.toMatchObject({
    code: "invalid_configuration",
    message: `SPILLWAY_GATEWAY_PORT is ${port}, and ${host}:${port} cannot be listened on: another program listens there. Wanted a free port.`,
  });
});

it("a port that is let go of meanwhile is waited for", async () => {
  const port = await takenPort();
  const letGo = () => new Promise<void>((resolve) => void other.close(() => resolve()));
  const wanted = { host, port, variable: "SPILLWAY_GATEWAY_PORT" };
  await expect(requireFreePort(wanted, waiting(letGo))).resolves.toBeUndefined();
});
