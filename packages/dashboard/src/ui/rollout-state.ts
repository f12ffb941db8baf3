import type { RolloutSummary } from "@spillway/contract";
import type { Light } from "./light.ts";

/** Nothing will change any more; what is served is no longer this rollout's doing. */
export function isOver({ state }: Pick<RolloutSummary, "state">): boolean {
  return state === "rolled_back" || state === "completed" || state === "aborted";
}

/** The gate's light, or the state's where the gate has nothing to say. */
export function lightOfRollout(rollout: Pick<RolloutSummary, "state" | "gate">): {
  readonly light: Light;
  readonly word: string | null;
} {
  switch (rollout.state) {
    case "rolled_back":
      return { light: "fail", word: "Rolled back" };
    case "completed":
      return { light: "pass", word: "Completed" };
    case "aborted":
      return { light: "none", word: "Aborted" };
    case "pending":
      return { light: "none", word: "Not started" };
    case "paused":
      return rollout.gate === "fail"
        ? { light: "fail", word: null }
        : { light: "hold", word: "Paused" };
    case "held":
      return rollout.gate === "fail"
        ? { light: "fail", word: null }
        : { light: "hold", word: null };
    case "progressing":
      return rollout.gate === null
        ? { light: "inconclusive", word: "No evidence" }
        : { light: rollout.gate, word: null };
    default:
      return rollout.state satisfies never;
  }
}
