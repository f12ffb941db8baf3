import type { Fallback } from "../feature/feature.ts";
import type { ReleaseId } from "../release/release.ts";
import type { FeatureRoute } from "./snapshot.ts";

/**
 * Which target is tried next, and when to stop. Pure: the gateway tells what happened and how much
 * time has passed, and does what it is told.
 *
 *   failure                                   same target again        next target
 *   connection, server_error, overloaded,
 *   rate_limited, malformed                   once, after a wait       then
 *   timeout (a silent route)                  never                    at once
 *   unauthenticated, not_found                never                    at once
 *   rejected (the request itself is refused)  never                    never
 *
 * A rejection is an answer about the request: asking somebody else would route around a content
 * policy, and a request that is too long stays too long.
 */
export type FailureClass =
  | "connection"
  | "timeout"
  | "rate_limited"
  | "overloaded"
  | "server_error"
  | "rejected"
  | "unauthenticated"
  | "not_found"
  | "malformed";

export type AttemptTarget =
  | { readonly kind: "release"; readonly releaseId: string; readonly isFallback: boolean }
  | { readonly kind: "static"; readonly text: string };

export type FailedAttempt = {
  /** Index into the plan's targets. */
  readonly targetIndex: number;
  readonly failureClass: FailureClass;
  readonly retryAfterMs: number | null;
};

export type NextAttempt =
  | {
      readonly kind: "try";
      readonly targetIndex: number;
      readonly target: AttemptTarget;
      readonly afterMs: number;
    }
  | { readonly kind: "stop" };

/** One retry covers the blips; more of them multiply a provider's outage (wire: at most 6 in all). */
const TRIES_PER_TARGET = 2;
/** Long enough for a rate limiter's "2 s", short enough that nobody waits where a fallback could answer. */
const LONGEST_WAIT_MS = 10_000;
const WAIT_WITHOUT_ADVICE_MS = 250;

/** The release that was assigned, then the feature's declared fallback. */
export function planAttempts(
  route: Pick<FeatureRoute, "fallback">,
  releaseId: ReleaseId | string,
): readonly AttemptTarget[] {
  const primary: AttemptTarget = { kind: "release", releaseId, isFallback: false };
  const fallback = route.fallback === null ? null : fallbackTarget(route.fallback);
  // A release is no fallback for itself: it has just failed.
  if (fallback === null || (fallback.kind === "release" && fallback.releaseId === releaseId)) {
    return [primary];
  }
  return [primary, fallback];
}

/** One try and nothing else: for a shadow, which must not add load to a provider in trouble. */
export function planSingleAttempt(releaseId: string): readonly AttemptTarget[] {
  return [{ kind: "release", releaseId, isFallback: false }];
}

export type NextAttemptInput = {
  readonly targets: readonly AttemptTarget[];
  readonly failed: readonly FailedAttempt[];
  readonly triesPerTarget?: number;
  readonly elapsedMs: number;
  readonly deadlineMs: number;
  /** In [0, 1): spreads the retries of many requests that failed together. */
  readonly jitter: number;
};

export function nextAttempt(input: NextAttemptInput): NextAttempt {
  const last = input.failed.at(-1);
  if (input.elapsedMs >= input.deadlineMs) return { kind: "stop" };
  if (last === undefined) return attemptAt(input, 0, 0);
  if (last.failureClass === "rejected") return { kind: "stop" };
  const triesOfTarget = input.failed.filter((f) => f.targetIndex === last.targetIndex).length;
  const waitMs = waitBefore(last, input.jitter);
  const isRetryable =
    isTransient(last.failureClass) && triesOfTarget < (input.triesPerTarget ?? TRIES_PER_TARGET);
  if (isRetryable && waitMs <= LONGEST_WAIT_MS && input.elapsedMs + waitMs < input.deadlineMs) {
    return attemptAt(input, last.targetIndex, waitMs);
  }
  return attemptAt(input, last.targetIndex + 1, 0);
}

function attemptAt(input: NextAttemptInput, targetIndex: number, afterMs: number): NextAttempt {
  const target = input.targets[targetIndex];
  return target === undefined ? { kind: "stop" } : { kind: "try", targetIndex, target, afterMs };
}

function fallbackTarget(fallback: Fallback): AttemptTarget {
  return fallback.kind === "static"
    ? { kind: "static", text: fallback.text }
    : { kind: "release", releaseId: fallback.releaseId, isFallback: true };
}

function isTransient(failureClass: FailureClass): boolean {
  return (
    failureClass === "connection" ||
    failureClass === "server_error" ||
    failureClass === "overloaded" ||
    failureClass === "rate_limited" ||
    failureClass === "malformed"
  );
}

function waitBefore(failed: FailedAttempt, jitter: number): number {
  return failed.retryAfterMs ?? Math.round(WAIT_WITHOUT_ADVICE_MS * (1 + jitter));
}
