import { MAX_EXTENSIONS } from "./strategy.ts";
import type { Stage, Strategy } from "./strategy.ts";

/**
 * How long a strategy gathers evidence at most, from its first request on: its shadow and live stages at
 * their longest, with the extensions that their policies allow. Null when a stage has no longest duration.
 * What a person's hold adds is left out, since nobody knows it before the start.
 */
export function longestEvidenceSeconds({ stages }: Pick<Strategy, "stages">): number | null {
  let seconds = 0;
  for (const stage of stages) {
    if (stage.kind === "evaluate") continue;
    if (stage.mostSeconds === null) return null;
    seconds += stage.mostSeconds * (mayExtend(stage) ? 1 + MAX_EXTENSIONS : 1);
  }
  return seconds > 0 ? seconds : null;
}

function mayExtend({ onInconclusive, onNoData, onError }: Stage): boolean {
  return [onInconclusive, onNoData, onError].includes("extend");
}
