import type { Exchange } from "@spillway/core";
import { evaluateBatch } from "@spillway/core";
import type { Log } from "../ports.ts";
import type { ClaimedExchange, EvaluatePort } from "./evaluate-port.ts";
import type { FeatureCatalogue } from "./feature-catalogue.ts";
import { inHalves } from "./in-halves.ts";

/** An exchange that fails alone this often fails for its own sake: the database was there for others. */
const MAX_FAILURES = 5;

type Deps = {
  readonly port: EvaluatePort;
  readonly catalogue: FeatureCatalogue;
  readonly owner: string;
  readonly log: Log;
};

type Claimed = {
  readonly ready: readonly ClaimedExchange[];
  readonly primaries: ReadonlyMap<string, Exchange>;
};

/**
 * Evaluates and saves what was claimed. A batch that fails is halved until the exchange that fails stands
 * alone: the others are saved, and it is tried again, then set aside. Throws when the database is away.
 */
export function evaluateClaimed(deps: Deps, { ready, primaries }: Claimed): Promise<void> {
  return inHalves(ready, {
    save: async (part) => {
      const batch = evaluateBatch({
        exchanges: part.map(({ exchange }) => exchange),
        primaries,
        knowledgeOf: deps.catalogue.knowledgeOf,
      });
      const saved = await deps.port.save({ ...batch, owner: deps.owner });
      if (saved === "lost")
        deps.log.debug("another worker took over a batch", { size: part.length });
    },
    setAside: (claimed, error) => setAside(deps, claimed, error),
  });
}

async function setAside(
  { port, owner, log }: Deps,
  { exchange, attempts }: ClaimedExchange,
  error: unknown,
): Promise<void> {
  const facts = { exchange: exchange.id, feature: exchange.feature, attempts, error };
  if (attempts < MAX_FAILURES) {
    log.warn("An exchange could not be evaluated; it is tried again", facts);
    return;
  }
  log.error("An exchange cannot be evaluated; it is set aside and counts for nothing", facts);
  await port.setAside({ id: exchange.id, owner });
}
