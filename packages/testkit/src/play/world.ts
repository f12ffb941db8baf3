import type { Behaviour } from "./behaviour.ts";

/** What a played rollout meets: how many ask, and how the two releases answer. */
export type World = {
  readonly perHour: number;
  readonly baseline: Behaviour;
  readonly candidate: Behaviour;
  /** Slices by name with their shares of the traffic; the rest of it is in none. */
  readonly slices?: Readonly<Record<string, number>>;
  /** Both releases answer like this for a while: nobody's fault. Hours since the start. */
  readonly outage?: {
    readonly fromHour: number;
    readonly toHour: number;
    readonly both: Behaviour;
  };
  /** Requests of the ring's members, per hour. */
  readonly ringPerHour?: number;
};
