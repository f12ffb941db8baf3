import type { AssignmentUnit } from "../feature/feature.ts";
import type { Json } from "../json.ts";
import type { AssignmentReason, Arm } from "../routing/assign.ts";

export type ExchangeId = string & { readonly __brand: "ExchangeId" };

export const exchangeId = (text: string): ExchangeId => text as ExchangeId;

/** What became of a call. `truncated`: the upstream died after content had been sent. */
export type ExchangeOutcome = "ok" | "error" | "truncated" | "cancelled";

export type Attempt = {
  readonly target: string;
  readonly outcome: "ok" | "failed";
  readonly error: string | null;
  readonly durationMs: number;
};

/**
 * One recorded model call: what was asked, what served it, what it answered. One wide record, written
 * by the gateway before the reply ends, delivered at least once and counted once by its id.
 */
export type Exchange = {
  readonly id: ExchangeId;
  readonly feature: string;
  /** The release that answered. */
  readonly release: string;
  readonly arm: Arm;
  /** "primary" was answered to a user; "shadow" was seen by nobody. */
  readonly role: "primary" | "shadow";
  /** For a shadow: the exchange whose input it got. */
  readonly shadowOf: ExchangeId | null;
  readonly rolloutId: string | null;
  readonly stageIndex: number | null;
  /** The candidate's share when it was assigned, basis points: the propensity of its evidence. */
  readonly propensityBps: number | null;
  readonly assignmentReason: AssignmentReason;
  /** Chance alone decided the arm; see Assignment.isRandomised. */
  readonly isRandomised: boolean;
  /** The same question asked again (a client's retry): no independent observation. */
  readonly isRepeat: boolean;
  readonly isFallback: boolean;
  readonly unit: string | null;
  /** What the unit is: a strategy may assign by another one than the feature. Absent: the feature's. */
  readonly unitKind?: AssignmentUnit;
  readonly tenant: string | null;
  readonly user: string | null;
  readonly conversation: string | null;
  readonly attributes: Readonly<Record<string, string>>;
  readonly snapshotRevision: number;
  readonly startedAtMs: number;
  readonly outcome: ExchangeOutcome;
  readonly errorCode: string | null;
  readonly attempts: readonly Attempt[];
  /** Durations in the feature's own time (scaled when the clock is). */
  readonly latencyMs: number;
  readonly firstTokenMs: number | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costMicroUsd: number | null;
  readonly modelServed: string | null;
  readonly finishReason: string | null;
  /** The client's messages, without the release's prompt. */
  readonly input: Json;
  /** The text of the answer; null when there was none. */
  readonly output: string | null;
};

/** A score: one scorer's number for one exchange. `null` means not scored, and is never 0. */
export type Score = {
  readonly metric: string;
  readonly value: number | null;
  readonly scorer: string;
  readonly note: string | null;
};
