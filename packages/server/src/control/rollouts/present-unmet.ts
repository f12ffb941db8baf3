import type { Requirement, StageExposure } from "@spillway/core";
import { stageObservationsOf, unmetRequirements } from "@spillway/core";
import type { RolloutView } from "../control-ports.ts";

/**
 * What is missing now. A stage that was entered a moment ago has no list of its own until the loop
 * looks at it, and an empty list must not read as "nothing is missing", so it is worked out here.
 */
export function presentUnmet(view: RolloutView, nowMs: number): readonly Requirement[] {
  const { rollout, report, unmet } = view;
  const { kind } = rollout.state;
  if (unmet.length > 0 || (kind !== "progressing" && kind !== "held")) return unmet;
  // The view's exposures are those of the present revision already, counted from its first stage.
  const counted = { ...rollout, firstStageNumber: 0 };
  const evidence = { metrics: [], exposures: view.exposures };
  return unmetRequirements({
    rollout,
    event: { kind: "tick" },
    gate: report,
    stageObservations: stageObservationsOf(counted, evidence),
    nowMs,
  });
}

/** What the present stage has counted. */
export function countsOf(
  view: RolloutView,
): Pick<StageExposure, "baseline" | "candidate" | "pairs"> {
  const { state } = view.rollout;
  const stageIndex = "stageIndex" in state ? state.stageIndex : null;
  const counted = { baseline: 0, candidate: 0, pairs: 0 };
  for (const exposure of view.exposures) {
    if (exposure.stageIndex !== stageIndex) continue;
    counted.baseline += exposure.baseline;
    counted.candidate += exposure.candidate;
    counted.pairs += exposure.pairs;
  }
  return counted;
}
