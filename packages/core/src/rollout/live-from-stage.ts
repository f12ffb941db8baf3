import type { Strategy } from "./strategy.ts";

/**
 * The first stage in which people get answers of the candidate, where a shadow compares it before that; else
 * null. Harm may begin with it, which the tests for harm allow for (gate/live-restart.ts). Fixed by the strategy.
 */
export function liveFromStage({ stages }: Pick<Strategy, "stages">): number | null {
  const shadow = stages.findIndex(({ kind }) => kind === "shadow");
  if (shadow < 0) return null;
  const live = stages.findIndex(({ shareBps }, index) => index > shadow && shareBps > 0);
  return live < 0 ? null : live;
}
