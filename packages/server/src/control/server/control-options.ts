import type { AppError } from "@spillway/core";
import type { Clock, Ids, Log } from "../../ports.ts";
import type { ControlPorts } from "../control-ports.ts";

/** Bounds of what one process takes on. */
export type ControlLimits = {
  /** A body of people's making: a bundle with its datasets is the largest. */
  readonly bodyBytes: number;
  /** A batch of exchanges from a gateway. */
  readonly exchangeBodyBytes: number;
  /** Open streams of screens, and of gateways: neither can take the other's place. */
  readonly eventClients: number;
  readonly gatewayClients: number;
  /** Bytes that a slow stream may fall behind before it is cut off; it then reconnects. */
  readonly streamBufferBytes: number;
  /** Real time between two signs of life on a stream. */
  readonly heartbeatMs: number;
  /** Real time after which a stream ends, so that a revoked key is noticed. */
  readonly streamMs: number;
  /** Real time that requests under way get on close. */
  readonly drainMs: number;
};

export const DEFAULT_CONTROL_LIMITS: ControlLimits = {
  bodyBytes: 32 * 1024 * 1024,
  exchangeBodyBytes: 64 * 1024 * 1024,
  eventClients: 200,
  gatewayClients: 200,
  streamBufferBytes: 256 * 1024,
  heartbeatMs: 15_000,
  streamMs: 60 * 60 * 1_000,
  drainMs: 10_000,
};

export type ControlServerOptions = {
  readonly ports: ControlPorts;
  readonly clock: Clock;
  readonly log: Log;
  readonly ids: Ids;
  /** Shared with the gateways; what the routes with the role `gateway` ask for. */
  readonly gatewayToken: string;
  /** The product's version. */
  readonly version: string;
  /** The built dashboard; absent or empty: a page that says how to build it. */
  readonly staticDir?: string;
  readonly limits?: Partial<ControlLimits>;
  /** What an adapter's own error means; null when it means nothing in particular. */
  readonly classifyError?: (error: unknown) => AppError | null;
};
