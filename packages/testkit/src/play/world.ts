import type { Behaviour } from "./behaviour.ts";

/** What a played rollout meets: how many ask, and how the two releases answer. */
export type World = {
  readonly perHour: number;
  readonly baseline: Behaviour;
  readonly candidate: Behaviour;
  /** Both releases answer like this for a while: nobody's fault. Hours since the start. */
  readonly outage?: {
    readonly fromHour: number;
    readonly toHour: number;
    readonly both: Behaviour;
  };
  /** Requests of the ring's members, per hour. */
  readonly ringPerHour?: number;
};
