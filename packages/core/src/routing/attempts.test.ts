import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FailedAttempt, FailureClass, NextAttempt } from "./attempts.ts";
import { nextAttempt, planAttempts } from "./attempts.ts";

const CLASSES: readonly FailureClass[] = [
  "connection",
  "timeout",
  "rate_limited",
  "overloaded",
  "server_error",
  "rejected",
  "unauthenticated",
  "not_found",
  "malformed",
];

const targets = planAttempts({ fallback: { kind: "static", text: "Sorry." } }, "support@1");

function failed(failureClass: FailureClass, overrides: Partial<FailedAttempt> = {}): FailedAttempt {
  return { targetIndex: 0, failureClass, retryAfterMs: null, ...overrides };
}

function next(attempts: readonly FailedAttempt[], elapsedMs = 0): NextAttempt {
  return nextAttempt({ targets, failed: attempts, elapsedMs, deadlineMs: 60_000, jitter: 0 });
}

const index = (outcome: NextAttempt): number | null =>
  outcome.kind === "try" ? outcome.targetIndex : null;

describe("planAttempts", () => {
  test("a release is no fallback for itself", () => {
    const route = { fallback: { kind: "release", releaseId: "support@1" } } as const;
    expect(planAttempts(route, "support@1")).toHaveLength(1);
    expect(planAttempts(route, "support@2")).toHaveLength(2);
  });
});

describe("nextAttempt", () => {
  test.each(["connection", "server_error", "overloaded", "rate_limited", "malformed"] as const)(
    "%s: the same target once more, then the fallback",
    (failureClass) => {
      expect(index(next([failed(failureClass)]))).toBe(0);
      expect(index(next([failed(failureClass), failed(failureClass)]))).toBe(1);
    },
  );

  test.each(["timeout", "unauthenticated", "not_found"] as const)(
    "%s: the fallback at once",
    (failureClass) => {
      expect(next([failed(failureClass)])).toMatchObject({ targetIndex: 1, afterMs: 0 });
    },
  );

  test("a rejected request is asked nowhere else", () => {
    expect(next([failed("rejected")])).toEqual({ kind: "stop" });
  });

  test("waits as long as the provider asks for", () => {
    expect(next([failed("rate_limited", { retryAfterMs: 2_000 })])).toMatchObject({
      targetIndex: 0,
      afterMs: 2_000,
    });
  });

  test("does not wait beyond the deadline, but falls back", () => {
    expect(next([failed("rate_limited", { retryAfterMs: 2_000 })], 59_000)).toMatchObject({
      targetIndex: 1,
      afterMs: 0,
    });
  });

  test("nothing is tried after the deadline", () => {
    expect(next([failed("server_error")], 60_000)).toEqual({ kind: "stop" });
  });

  test("ends, whatever fails and however: at most two tries of each target", () => {
    const failures = fc.array(
      fc.record({ failureClass: fc.constantFrom(...CLASSES), retryAfterMs: fc.option(fc.nat()) }),
      { minLength: 5, maxLength: 5 },
    );
    fc.assert(
      fc.property(failures, (script) => {
        const attempts: FailedAttempt[] = [];
        for (const failure of script) {
          const outcome = next(attempts);
          if (outcome.kind === "stop") return;
          attempts.push({ ...failure, targetIndex: outcome.targetIndex });
        }
        expect(next(attempts)).toEqual({ kind: "stop" });
      }),
    );
  });
});
