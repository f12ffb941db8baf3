import type { Role } from "@spillway/contract";
import { describe, expect, test } from "vitest";
import { NOW, ROLLOUTS } from "../../../test/fixture-rollouts.ts";
import { isOver } from "../../ui/rollout-state.ts";
import { actionsOf, afterEnd, confirmationOf } from "./action-plan.ts";
import { ladderOf } from "./ladder.ts";

const byState = (state: string) => {
  const found = ROLLOUTS.find((rollout) => rollout.state === state);
  if (found === undefined) throw new Error(`The fixture has no rollout that is ${state}.`);
  return found;
};
const ines = { name: "ines", role: "operator" as const };

describe("actionsOf", () => {
  const roles: readonly Role[] = ["viewer", "reviewer", "operator", "admin"];

  test("roll back is enabled for everyone while a rollout is under way", () => {
    for (const rollout of ROLLOUTS.filter((each) => !isOver(each))) {
      for (const role of roles) {
        const rollback = actionsOf(rollout, { name: "x", role })[0];
        expect(rollback).toMatchObject({ action: "rollback", whyNot: null });
      }
    }
  });

  test("promote waits for its requirements", () => {
    const whyNot = (state: string) =>
      actionsOf(byState(state), ines).find(({ action }) => action === "promote")?.whyNot;
    expect(whyNot("held")).toBe("2 requirements are unmet.");
    const passed = ROLLOUTS.find(({ id }) => id === "roll_03approval");
    expect(
      passed && actionsOf(passed, ines).find((a) => a.action === "promote")?.whyNot,
    ).toBeNull();
  });

  test("a missing validation alone may be gone on without, on the record", () => {
    const unmet = [{ code: "validation", sentence: "No validation is recorded." }];
    const rollout = { ...byState("progressing"), unmet };
    expect(actionsOf(rollout, ines).find((a) => a.action === "promote")?.whyNot).toBeNull();
    expect(confirmationOf("promote", rollout).consequences.join(" ")).toContain(
      "without a validation",
    );
  });

  test("what a role may not do says which role it needs", () => {
    const pause = actionsOf(byState("held"), { name: "vic", role: "viewer" }).find(
      ({ action }) => action === "pause",
    );
    expect(pause?.whyNot).toBe("Your key has the role viewer; this needs operator.");
  });

  test("the author cannot approve", () => {
    const approve = actionsOf(byState("held"), { name: "mara", role: "admin" }).find(
      ({ action }) => action === "approve",
    );
    expect(approve?.whyNot).toContain("another person");
  });
});

describe("afterEnd", () => {
  const done = byState("completed");

  test("a completed rollout whose candidate serves offers to take the feature back", () => {
    const after = afterEnd(done, { baseline: done.candidate, activeRolloutId: null });
    expect(after).toMatchObject({
      kind: "take_back",
      name: "Roll faq-answer back to faq-answer@9",
    });
    expect(confirmationOf("rollback", done).consequences[1]).toContain("This rollout is over.");
  });

  test("leads to the rollout that is under way instead", () => {
    const after = afterEnd(done, { baseline: done.candidate, activeRolloutId: "roll_x" });
    expect(after).toMatchObject({ kind: "under_way", rolloutId: "roll_x" });
  });

  test("takes nothing back that is not served any more", () => {
    for (const over of [byState("rolled_back"), done]) {
      expect(afterEnd(over, { baseline: over.baseline, activeRolloutId: null })).toEqual({
        kind: "nothing",
        sentence: `Nothing to take back here: ${over.feature} serves ${over.baseline}.`,
      });
    }
  });
});

describe("confirmationOf", () => {
  test("roll back names what serves after it and what stops", () => {
    const { title, consequences, submit } = confirmationOf("rollback", byState("held"));
    expect(title).toBe("Roll back support-reply to support-reply@31?");
    expect(consequences).toEqual([
      "After it support-reply@31 serves 100% of support-reply, on every gateway within a second.",
      "support-reply@32 stops answering. It answers 10% now; 812 answers were counted in this stage.",
    ]);
    expect(submit).toBe("Roll back to support-reply@31");
  });

  test("promote names the share it enters", () => {
    expect(confirmationOf("promote", byState("held")).consequences[0]).toBe(
      "It enters ramp 25%: support-reply@32 answers 25% (10% now), in place of support-reply@31.",
    );
  });
});

describe("ladderOf", () => {
  test("counts pairs in shadow and tells what is there of what is needed", () => {
    const rungs = ladderOf(byState("progressing"), NOW);
    expect(rungs.map(({ place }) => place).slice(0, 3)).toEqual(["done", "current", "ahead"]);
    expect(rungs[1]).toMatchObject({
      duration: { text: "1.8 days of at least 3 days" },
      observations: { text: "812 of 1,000 pairs" },
      need: "either",
    });
  });

  test("a rolled back rollout shows where it stopped", () => {
    expect(ladderOf(byState("rolled_back"), NOW)[0]?.place).toBe("stopped");
  });
});
