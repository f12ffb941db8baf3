import type { Clock, Log, Wall } from "../ports.ts";

/** What the loop needs of the store: claims with leases, and the one way in which a rollout moves. */
export type ReconcilePort = {
  readonly claimDue: (claim: {
    readonly owner: string;
    readonly nowMs: number;
    readonly leaseMs: number;
    readonly limit: number;
  }) => Promise<readonly string[]>;
  /** Judges the rollout as it is now and commits what follows; also when nothing does. */
  readonly tick: (rolloutId: string, nowMs: number) => Promise<"decided" | "waiting" | "gone">;
  readonly releaseLease: (rolloutId: string, owner: string) => Promise<void>;
};

export type ReconcileLoop = {
  /** One pass: claims what is due and ticks it. Returns how many rollouts it looked at. */
  readonly pass: () => Promise<number>;
  /** Looks again at once instead of at the next interval. */
  readonly wake: () => void;
  readonly run: (signal: AbortSignal) => Promise<void>;
};

/** A dead owner's rollouts wait this long. A tick takes milliseconds; ten seconds outlive a slow one. */
const LEASE_MS = 10_000;
const BATCH = 20;
/** Without a hint the loop looks this often. With LISTEN it hardly matters; it is the truth. */
const INTERVAL_MS = 250;

export function createReconcileLoop(deps: {
  readonly port: ReconcilePort;
  readonly owner: string;
  readonly clock: Clock;
  readonly wall: Wall;
  readonly log: Log;
}): ReconcileLoop {
  let wakeUp: (() => void) | null = null;
  let isWoken = false;

  const tickOne = async (id: string): Promise<void> => {
    try {
      await deps.port.tick(id, deps.clock.nowMs());
    } catch (error) {
      deps.log.warn("a rollout could not be reconciled; it is tried again", {
        rolloutId: id,
        error,
      });
    } finally {
      await deps.port.releaseLease(id, deps.owner).catch(() => undefined);
    }
  };

  const pass = async (): Promise<number> => {
    const ids = await deps.port.claimDue({
      owner: deps.owner,
      nowMs: deps.clock.nowMs(),
      leaseMs: LEASE_MS,
      limit: BATCH,
    });
    for (const id of ids) await tickOne(id);
    return ids.length;
  };

  const idle = async (signal: AbortSignal): Promise<void> => {
    if (isWoken) return;
    const wait = new AbortController();
    wakeUp = () => wait.abort();
    await deps.wall
      .sleep(INTERVAL_MS, AbortSignal.any([signal, wait.signal]))
      .catch(() => undefined);
    wakeUp = null;
  };

  return {
    pass,
    wake: () => {
      isWoken = true;
      wakeUp?.();
    },
    run: async (signal) => {
      while (!signal.aborted) {
        isWoken = false;
        const worked = await pass().catch((error: unknown) => {
          deps.log.warn("the reconcile loop cannot reach the database; it is tried again", {
            error,
          });
          return 0;
        });
        if (worked < BATCH) await idle(signal);
      }
    },
  };
}
