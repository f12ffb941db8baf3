import type { Log, Wall } from "../ports.ts";
import { evaluateClaimed } from "./evaluate-claimed.ts";
import type { ClaimedExchange, EvaluatePort } from "./evaluate-port.ts";
import type { FeatureCatalogue } from "./feature-catalogue.ts";
import type { FeedbackPort } from "./feedback-pass.ts";
import { passFeedback } from "./feedback-pass.ts";

export type EvaluateLoop = {
  /** One pass: a batch of exchanges, then one of feedback. Returns how many of both it took. */
  readonly pass: () => Promise<number>;
  readonly wake: () => void;
  readonly run: (signal: AbortSignal) => Promise<void>;
};

/** A batch takes well under a second; a worker that hangs gives its batch up after this long. */
const LEASE_MS = 30_000;
const BATCH = 300;
const INTERVAL_MS = 500;
/** A shadow waits this long for its primary, and this often, before it counts as an orphan. */
const POSTPONE_MS = 500;
const MAX_ATTEMPTS = 40;

/**
 * Any number of workers may run this at once. `claim` hands each exchange to one of them; `save` writes
 * only if the claim still stands, so that whatever is counted is counted once.
 */
export function createEvaluateLoop(deps: {
  readonly port: EvaluatePort;
  readonly feedbackPort: FeedbackPort;
  readonly catalogue: FeatureCatalogue;
  readonly owner: string;
  readonly wall: Wall;
  readonly log: Log;
}): EvaluateLoop {
  let wakeUp: (() => void) | null = null;
  let isWoken = false;

  const passExchanges = async (): Promise<number> => {
    const claimed = await deps.port.claim({ owner: deps.owner, leaseMs: LEASE_MS, limit: BATCH });
    if (claimed.length === 0) return 0;
    const primaries = await deps.port.loadExchanges(primaryIds(claimed));
    const { ready, early } = partition(claimed, primaries);
    await deps.catalogue.prepare([...ready.map(({ exchange }) => exchange), ...primaries.values()]);
    await evaluateClaimed(deps, { ready, primaries });
    await deps.port.postpone({ ids: early, owner: deps.owner, forMs: POSTPONE_MS });
    return ready.length;
  };

  const pass = async (): Promise<number> =>
    (await passExchanges()) + (await passFeedback({ ...deps, port: deps.feedbackPort }));

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
          deps.log.warn("exchanges could not be evaluated; they are tried again", { error });
          return 0;
        });
        if (worked > 0 || isWoken) continue;
        const wait = new AbortController();
        wakeUp = () => wait.abort();
        await deps.wall
          .sleep(INTERVAL_MS, AbortSignal.any([signal, wait.signal]))
          .catch(() => undefined);
        wakeUp = null;
      }
    },
  };
}

function primaryIds(claimed: readonly ClaimedExchange[]): string[] {
  return claimed.flatMap(({ exchange }) => exchange.shadowOf ?? []);
}

/** Shadows whose primary has not arrived wait for it, within bounds. */
function partition(
  claimed: readonly ClaimedExchange[],
  primaries: ReadonlyMap<string, unknown>,
): { ready: readonly ClaimedExchange[]; early: readonly string[] } {
  const isEarly = ({ exchange, attempts }: ClaimedExchange): boolean =>
    exchange.shadowOf !== null && !primaries.has(exchange.shadowOf) && attempts < MAX_ATTEMPTS;
  return {
    ready: claimed.filter((of) => !isEarly(of)),
    early: claimed.filter(isEarly).map(({ exchange }) => exchange.id),
  };
}
