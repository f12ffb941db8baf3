import type { GateConfidence } from "./criterion.ts";

/**
 * How sure a gate is unless a policy says otherwise.
 *
 * - `alpha` 0.05: one rollout in twenty at most is taken back although the candidate is not worse, over
 *   all criteria, slices, stages and looks together. Measured rates are near 0.015, because a mixture
 *   must guard many alternatives. Smaller means more people exposed before a real harm is acted on.
 * - `alphaBlock` 0.20: the second test only separates "a little worse, within the hold level" from
 *   "worse", so it may be wrong more often; at 0.05 a harm of exactly the rollback level would stay
 *   undecided for days while requests keep being exposed.
 * - `alphaPromote` 0.05: a candidate whose harm is at the stage's margin advances one time in twenty
 *   at most, for each criterion. Every criterion must clear it alone, so it needs no correction.
 * - `amberOdds` 3: the least evidence that is worth stopping a ramp for. A frozen ramp costs time and
 *   no answers, so it is allowed to be wrong often and clears by itself.
 */
export const DEFAULT_CONFIDENCE: GateConfidence = {
  alpha: 0.05,
  alphaBlock: 0.2,
  alphaPromote: 0.05,
  amberOdds: 3,
};
