/** Every bound of the gateway in one place; all durations are real time. */
export type GatewayLimits = {
  readonly maxBodyBytes: number;
  /** Model calls at one time; one more is told to come again, before its body is read. */
  readonly maxCalls: number;
  /** Until the response headers of a stream. */
  readonly headersMs: number;
  /** Until a unary answer, where another target could still answer; else the total applies. */
  readonly unaryWithFallbackMs: number;
  readonly firstContentWithFallbackMs: number;
  /** Models that reason in silence need longer than a fallback would make anybody wait. */
  readonly firstContentMs: number;
  /** Between two frames with content. Comments and pings do not count. */
  readonly idleMs: number;
  /** From the last finish reason to the end of the stream: some servers never close it. */
  readonly afterFinishMs: number;
  readonly totalMs: number;
  /** A client that stays and does not read is let go after this. */
  readonly clientStallMs: number;
  /** How long a closing gateway waits for the requests under way. */
  readonly drainMs: number;
  readonly shadow: ShadowLimits;
};

export type ShadowLimits = {
  readonly maxInFlight: number;
  readonly maxQueued: number;
  /** Of the request bodies that wait; large documents fill memory long before many do. */
  readonly maxQueuedBytes: number;
  readonly timeoutMs: number;
};

export const DEFAULT_LIMITS: GatewayLimits = {
  maxBodyBytes: 10 * 1024 * 1024,
  maxCalls: 2_000,
  headersMs: 30_000,
  unaryWithFallbackMs: 30_000,
  firstContentWithFallbackMs: 12_000,
  firstContentMs: 120_000,
  idleMs: 30_000,
  afterFinishMs: 2_000,
  totalMs: 600_000,
  clientStallMs: 60_000,
  drainMs: 10_000,
  shadow: { maxInFlight: 32, maxQueued: 256, maxQueuedBytes: 64 * 1024 * 1024, timeoutMs: 120_000 },
};
