import type { Exchange, FeatureRoute, ServableRelease } from "@spillway/core";
import { exchangeId, isShadowed, otherArm, planSingleAttempt } from "@spillway/core";
import type { ExchangeSink, Ids, Log, SnapshotSource } from "../ports.ts";
import { buildShadowExchange } from "./build-exchange.ts";
import { CallStop, stopOf } from "./call-stop.ts";
import type { CallDeps, CallResult } from "./call-model.ts";
import { callModel } from "./call-model.ts";
import type { ChatRequest } from "./chat-request.ts";
import { asShadow, prepareRequest } from "./provider-request.ts";

/**
 * Copies of real requests for the arm that did not answer. They start when the reply has ended, wait in
 * a bounded queue of their own, have their own time limit, and are dropped first; drops are counted.
 *
 *   finished request -> [queue, bounded] -> in flight, bounded -> shadow exchange -> sink
 *                       full: queue_full    rollout moved on: snapshot_changed
 */
export type ShadowDispatcher = {
  /** Never waits and never throws: whoever offers has a user to serve. */
  readonly offer: (job: ShadowJob) => void;
  readonly drops: () => readonly ShadowDrop[];
  /** Resolves when nothing is queued or in flight. */
  readonly idle: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type ShadowJob = {
  readonly chat: ChatRequest;
  readonly route: FeatureRoute;
  /** The recorded primary exchange. */
  readonly primary: Exchange;
};

export type ShadowDropReason =
  | "queue_full"
  | "snapshot_changed"
  | "timeout"
  | "provider_failed"
  | "refused"
  | "shutdown"
  | "internal";

export type ShadowDrop = {
  readonly rolloutId: string;
  readonly reason: ShadowDropReason;
  readonly count: number;
};

export type ShadowDeps = CallDeps & {
  readonly snapshotSource: SnapshotSource;
  readonly sink: ExchangeSink;
  readonly ids: Ids;
  readonly log: Log;
};

type Prepared = { readonly job: ShadowJob; readonly release: ServableRelease };

export function createShadowDispatcher(deps: ShadowDeps): ShadowDispatcher {
  const limits = deps.limits.shadow;
  const queue: ShadowJob[] = [];
  const counts = new Map<string, ShadowDrop>();
  const closing = new AbortController();
  const waiters = new Set<() => void>();
  let inFlight = 0;
  let queuedBytes = 0;

  function drop(job: ShadowJob, reason: ShadowDropReason): void {
    const rolloutId = job.route.rollout?.rolloutId ?? "none";
    const key = `${rolloutId} ${reason}`;
    counts.set(key, { rolloutId, reason, count: (counts.get(key)?.count ?? 0) + 1 });
  }

  function offer(job: ShadowJob): void {
    if (!isWanted(job)) return;
    if (closing.signal.aborted) return drop(job, "shutdown");
    const isTooMuch = queuedBytes + job.chat.bodyBytes > limits.maxQueuedBytes;
    if (queue.length >= limits.maxQueued || isTooMuch) return drop(job, "queue_full");
    queue.push(job);
    queuedBytes += job.chat.bodyBytes;
    // On a later turn: the reply's last bytes go out first.
    setImmediate(pump);
  }

  function pump(): void {
    while (inFlight < limits.maxInFlight) {
      const job = queue.shift();
      if (job === undefined) break;
      queuedBytes -= job.chat.bodyBytes;
      inFlight += 1;
      void run(job).finally(() => {
        inFlight -= 1;
        pump();
      });
    }
    if (inFlight > 0 || queue.length > 0) return;
    for (const wake of waiters) wake();
    waiters.clear();
  }

  async function run(job: ShadowJob): Promise<void> {
    try {
      const prepared = prepare(deps, job);
      if (prepared === null) return drop(job, "snapshot_changed");
      const reason = await mirror(deps, prepared, closing.signal);
      if (reason !== null) drop(job, reason);
    } catch (cause) {
      drop(job, "internal");
      deps.log.error("A shadow copy failed here", { error: cause, exchange: job.primary.id });
    }
  }

  function idle(): Promise<void> {
    if (inFlight === 0 && queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => waiters.add(resolve));
  }

  async function close(): Promise<void> {
    closing.abort(new CallStop({ kind: "shutdown" }));
    for (const job of queue.splice(0)) drop(job, "shutdown");
    await idle();
  }

  return { offer, drops: () => [...counts.values()], idle, close };
}

/** A fallback's answer is not its arm's answer, so there is nothing to compare it with. */
function isWanted({ primary, route, chat }: ShadowJob): boolean {
  const isComparable =
    primary.role === "primary" && primary.outcome === "ok" && !primary.isFallback;
  return isComparable && isShadowed(route, chat.context.requestId);
}

/** Null when the rollout has moved on since the request: its evidence would be of another stage. */
function prepare(deps: ShadowDeps, job: ShadowJob): Prepared | null {
  const snapshot = deps.snapshotSource.current();
  const route = snapshot?.features[job.route.key];
  const rollout = route?.rollout ?? null;
  if (snapshot === null || route === undefined || rollout === null || route.isKilled) return null;
  if (rollout.rolloutId !== job.primary.rolloutId || rollout.shadowBps === 0) return null;
  if (rollout.stageIndex !== job.primary.stageIndex) return null;
  const arm = otherArm(job.primary.arm);
  const release = snapshot.releases[arm === "candidate" ? rollout.candidate : route.baseline];
  return release === undefined ? null : { job, release };
}

async function mirror(
  deps: ShadowDeps,
  { job, release }: Prepared,
  signal: AbortSignal,
): Promise<ShadowDropReason | null> {
  const { chat, primary } = job;
  const startedAtMs = deps.clock.nowMs();
  const result = await callModel(deps, {
    targets: planSingleAttempt(release.id),
    triesPerTarget: 1,
    prepare: () => {
      const prepared = prepareRequest(chat, release);
      return prepared.kind === "ready"
        ? { kind: "ready", request: asShadow(prepared.request) }
        : prepared;
    },
    isStream: chat.isStream,
    wantsUsage: true,
    expectedChoices: chat.expectedChoices,
    // Nobody: what a shadow answers goes into its exchange and nowhere else.
    client: { begin: () => undefined, write: () => null },
    signal,
    deadlineMs: deps.limits.shadow.timeoutMs,
  });
  if (stopOf(signal) !== null && result.end.kind !== "unary" && result.end.kind !== "streamed") {
    return "shutdown";
  }
  const id = exchangeId(deps.ids.next("exch"));
  const endedAtMs = deps.clock.nowMs();
  await deps.sink.record(
    buildShadowExchange(primary, { id, release, result, startedAtMs, endedAtMs }),
  );
  return dropReasonOf(result);
}

function dropReasonOf({ end }: CallResult): ShadowDropReason | null {
  if (end.kind === "refused") return "refused";
  if (end.kind !== "failed" && end.kind !== "truncated") return null;
  return end.failure.class === "timeout" ? "timeout" : "provider_failed";
}
