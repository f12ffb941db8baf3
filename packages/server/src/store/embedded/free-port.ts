import { once } from "node:events";
import { createServer } from "node:net";

/** A port of the loopback that is free now; whoever uses it must still expect to lose the race. */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  server.listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
