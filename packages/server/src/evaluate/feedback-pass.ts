import type { Exchange, Feedback, FeedbackOutcome } from "@spillway/core";
import { evaluateFeedback } from "@spillway/core";
import type { Log, Wall } from "../ports.ts";
import type { FeatureCatalogue } from "./feature-catalogue.ts";
import { inHalves } from "./in-halves.ts";

export type ClaimedFeedback = {
  readonly feedback: Feedback;
  readonly attempts: number;
  readonly firstSeenWallMs: number;
  readonly exchange: Exchange | null;
};

/** What the evaluation of feedback needs of the store. */
export type FeedbackPort = {
  readonly claim: (claim: {
    readonly owner: string;
    readonly leaseMs: number;
    readonly limit: number;
  }) => Promise<readonly ClaimedFeedback[]>;
  readonly save: (batch: {
    readonly outcomes: readonly FeedbackOutcome[];
    readonly owner: string;
  }) => Promise<"saved" | "lost">;
  readonly postpone: (postponed: Held & { readonly forMs: number }) => Promise<void>;
  /** It stays where it is, and is taken up again when its exchange is evaluated after all. */
  readonly giveUp: (held: Held) => Promise<void>;
  readonly setAside: (held: Held) => Promise<void>;
};

type Held = { readonly ids: readonly string[]; readonly owner: string };

const LEASE_MS = 30_000;
const BATCH = 300;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 60_000;
/** A gateway that cannot deliver keeps its exchanges for days; an id from nowhere waits as long. */
const MOST_WAIT_MS = 7 * 86_400_000;
const MAX_FAILURES = 5;

type Deps = {
  readonly port: FeedbackPort;
  readonly catalogue: FeatureCatalogue;
  readonly owner: string;
  readonly wall: Wall;
  readonly log: Log;
};

/**
 * One pass: claims feedback and counts it. Returns how much of it. Any number of workers may run this at
 * once, as that of exchanges. Feedback whose exchange is not there waits: it is looked at again, more and
 * more seldom, and at once when the exchange has been evaluated; after a week it is set down as unmatched.
 */
export async function passFeedback(deps: Deps): Promise<number> {
  const { port, owner, wall, log, catalogue } = deps;
  const claimed = await port.claim({ owner, leaseMs: LEASE_MS, limit: BATCH });
  if (claimed.length === 0) return 0;
  const ready = claimed.flatMap((of) => (hasExchange(of) ? [of] : []));
  await catalogue.prepare(ready.map(({ exchange }) => exchange));
  await inHalves(ready, {
    save: async (items) => {
      const outcomes = evaluateFeedback({ items, knowledgeOf: catalogue.knowledgeOf });
      for (const { id, refusal } of outcomes) {
        if (refusal !== null) log.warn("A feedback counts for nothing", { feedback: id, refusal });
      }
      const saved = await port.save({ outcomes, owner });
      if (saved === "lost") log.debug("another worker took over feedback", { size: items.length });
    },
    setAside: (of, error) => setAside(deps, of, error),
  });
  const waiting = claimed.filter((of) => !hasExchange(of));
  const isOver = ({ firstSeenWallMs }: ClaimedFeedback) =>
    wall.nowMs() - firstSeenWallMs > MOST_WAIT_MS;
  await giveUp(deps, waiting.filter(isOver));
  await postpone(
    deps,
    waiting.filter((of) => !isOver(of)),
  );
  return ready.length;
}

type Ready = ClaimedFeedback & { readonly exchange: Exchange };

const hasExchange = (of: ClaimedFeedback): of is Ready => of.exchange !== null;

const idsOf = (claimed: readonly ClaimedFeedback[]): readonly string[] =>
  claimed.map(({ feedback }) => feedback.id);

async function giveUp(
  { port, owner, log }: Deps,
  claimed: readonly ClaimedFeedback[],
): Promise<void> {
  if (claimed.length === 0) return;
  const exchanges = claimed.map(({ feedback }) => feedback.exchangeId).slice(0, 5);
  log.warn("Feedback has found no exchange in a week; it is kept as unmatched", {
    count: claimed.length,
    exchanges,
  });
  await port.giveUp({ ids: idsOf(claimed), owner });
}

async function postpone({ port, owner }: Deps, claimed: readonly ClaimedFeedback[]): Promise<void> {
  const byWait = Map.groupBy(claimed, ({ attempts }) =>
    Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempts - 1, 10)),
  );
  for (const [forMs, of] of byWait) await port.postpone({ ids: idsOf(of), owner, forMs });
}

async function setAside(
  { port, owner, log }: Deps,
  { feedback, attempts }: ClaimedFeedback,
  error: unknown,
): Promise<void> {
  const facts = { feedback: feedback.id, exchange: feedback.exchangeId, attempts, error };
  if (attempts < MAX_FAILURES) {
    log.warn("A feedback could not be counted; it is tried again", facts);
    return;
  }
  log.error("A feedback cannot be counted; it is set aside", facts);
  await port.setAside({ ids: [feedback.id], owner });
}
