import { assessGate } from "../gate/assess-gate.ts";
import type { GateInput, GateReport } from "../gate/verdict.ts";
import type { Rollout } from "./rollout.ts";
import { currentStage } from "./rollout.ts";
import { reviewedCriteria } from "./strategy.ts";

/**
 * The gate's report on a rollout. Criteria under review are judged by rules of their own, in the stages that
 * name them. Which ones they are is the same in every stage, so the weights of the others' average never
 * change with where a rollout is.
 */
export function judgeGate(rollout: Rollout, input: GateInput): GateReport {
  const reviewed = reviewedCriteria(rollout.strategy);
  const asked = new Set(currentStage(rollout)?.review ?? []);
  return assessGate(
    { ...input, criteria: input.criteria.filter(({ id }) => !reviewed.has(id)) },
    input.criteria.filter(({ id }) => asked.has(id)),
  );
}
