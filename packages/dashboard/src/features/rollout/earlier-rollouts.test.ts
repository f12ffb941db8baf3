import { expect, test } from "vitest";
import { otherRollouts } from "./earlier-rollouts.ts";

const at = (createdAtMs: number, feature = "search") => ({
  id: `roll_${createdAtMs}`,
  feature,
  createdAtMs,
});

test("the others are listed newest first, and called earlier only when all of them are", () => {
  const all = [at(1), at(3), at(2), at(4, "support")];
  const latest = otherRollouts(all, at(3));
  expect(latest.title).toBe("Earlier rollouts of search");
  expect(latest.items.map(({ id }) => id)).toEqual(["roll_2", "roll_1"]);
  expect(otherRollouts(all, at(1)).title).toBe("Other rollouts of search");
});
