import { expect, test } from "vitest";
import { decisionsOf } from "../../../test/fixture-features.ts";
import { ROLLOUTS } from "../../../test/fixture-rollouts.ts";
import { revisionsOf } from "./revisions.ts";

const decisions = ROLLOUTS.filter(({ id }) => id === "roll_01shadow").flatMap(decisionsOf);

test("revisions are found among the decisions, newest first", () => {
  const [revised] = decisions.filter(({ revision }) => revision !== undefined);
  if (revised?.revision === undefined) throw new Error("the fixture has a revised rollout");
  const third = {
    ...revised,
    id: "dec_9",
    by: "vic",
    atMs: 9,
    revision: { number: 3, changes: ["x"], note: "" },
  };
  expect(revisionsOf([...decisions, third])).toEqual([
    { decisionId: "dec_9", atMs: 9, by: "vic", number: 3, changes: ["x"], note: "" },
    { decisionId: revised.id, atMs: revised.atMs, by: revised.by, ...revised.revision },
  ]);
  expect(revisionsOf(decisions.filter(({ id }) => id !== revised.id))).toEqual([]);
});
