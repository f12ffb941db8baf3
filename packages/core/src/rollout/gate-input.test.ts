import { expect, test } from "vitest";
import { rollout, stage, strategy } from "../../test/rollout-builders.ts";
import { LEFT_BY_UNITS } from "../gate/cancellations.ts";
import { evidenceOf, stratum } from "../gate/testing/builders.ts";
import { gateInputOf } from "./gate-input.ts";

test("a gate is given what its criteria are about and what callers left, and nothing else", () => {
  const live = rollout({
    strategy: strategy([stage("canary")]),
    state: { kind: "progressing", stageIndex: 0, enteredAtMs: 0 },
  });
  const judged = live.strategy.criteria.map(({ metric }) => metric);
  const metrics = [...judged, LEFT_BY_UNITS, "unheard_of"].map((metric) =>
    evidenceOf(metric, [stratum({})]),
  );
  const kept = gateInputOf(live, { metrics, exposures: [] }, [])?.evidence.metrics;
  expect(kept?.map(({ metric }) => metric)).toEqual([...judged, LEFT_BY_UNITS]);
});
