import { createServer } from "node:net";
import { AppError } from "@spillway/core";
import type { Wall } from "../ports.ts";

export type WantedPort = {
  readonly host: string;
  readonly port: number;
  /** The environment variable that says which. */
  readonly variable: string;
};

/** Processes that a dead supervisor has left behind drain for so long, and then let go of their ports. */
const PATIENCE_MS = 20_000;
const STEP_MS = 250;

/**
 * Waits until a port can be listened on. A child that finds it taken can only die and be started again, which
 * would go on for ever.
 *
 * @throws AppError `invalid_configuration` when it is not free in time.
 */
export async function requireFreePort(
  wanted: WantedPort,
  of: { readonly wall: Wall; readonly ending: AbortSignal; readonly onWait: () => void },
): Promise<void> {
  const { host, port, variable } = wanted;
  for (let waitedMs = 0; !of.ending.aborted; waitedMs += STEP_MS) {
    const problem = await problemOf(wanted);
    if (problem === null) return;
    if (problem !== "EADDRINUSE" || waitedMs >= PATIENCE_MS) {
      const why = problem === "EADDRINUSE" ? "another program listens there" : problem;
      throw new AppError(
        "invalid_configuration",
        `${variable} is ${port}, and ${host}:${port} cannot be listened on: ${why}. Wanted a free port.`,
      );
    }
    if (waitedMs === 0) of.onWait();
    await of.wall.sleep(STEP_MS, of.ending).catch(() => undefined);
  }
}

async function problemOf({ host, port }: WantedPort): Promise<string | null> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port }, () => server.close(() => resolve(null)));
  });
}
