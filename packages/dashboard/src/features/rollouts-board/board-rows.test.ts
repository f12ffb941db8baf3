import { describe, expect, test } from "vitest";
import { FEATURES } from "../../../test/fixture-features.ts";
import { NOW, ROLLOUTS } from "../../../test/fixture-rollouts.ts";
import { boardProblems } from "./board-problems.ts";
import { lightOfRollout } from "../../ui/rollout-state.ts";
import { boardOf, keepOrder, sinceOf } from "./board-rows.ts";

describe("boardOf", () => {
  const board = boardOf(FEATURES, ROLLOUTS, "");

  test("puts what is under way or waiting first, what is worst at the top", () => {
    expect(board.open.map(({ feature }) => feature)).toEqual([
      "support-reply",
      "meeting-notes",
      "discharge-summary",
      "contract-search",
      "claim-triage",
    ]);
  });

  test("folds the others, rolled back before completed before untouched", () => {
    expect(board.others.map(({ feature }) => feature)).toEqual([
      "invoice-extraction",
      "faq-answer",
      "release-notes",
    ]);
  });

  test("shows the rollout under way although a newer one is over", () => {
    const own = ROLLOUTS.find(({ feature }) => feature === "support-reply");
    if (own === undefined) throw new Error("The fixture has lost support-reply.");
    const newer = { ...own, id: "roll_new", state: "aborted" as const, createdAtMs: NOW };
    const row = boardOf(FEATURES, [newer, ...ROLLOUTS], "support").open[0];
    expect(row?.rollout?.id).toBe(own.id);
  });

  test("counts the rollouts of a feature, under way and over", () => {
    const counts = board.others.map(({ feature, rolloutCount }) => [feature, rolloutCount]);
    expect(counts).toEqual([
      ["invoice-extraction", 3],
      ["faq-answer", 1],
      ["release-notes", 0],
    ]);
  });

  test("filters by feature, state, strategy and verdict", () => {
    expect(boardOf(FEATURES, ROLLOUTS, "held").open.map((row) => row.feature)).toEqual([
      "support-reply",
    ]);
    expect(boardOf(FEATURES, ROLLOUTS, "nothing like it")).toEqual({ open: [], others: [] });
  });
});

describe("keepOrder", () => {
  test("keeps what is on screen in its place and appends what is new", () => {
    expect(keepOrder(["a", "b", "c"], ["c", "d", "a"])).toEqual({
      order: ["a", "c", "d"],
      isChanged: true,
    });
  });

  test("says nothing has changed where nothing has", () => {
    expect(keepOrder(["a", "b"], ["a", "b"]).isChanged).toBe(false);
  });
});

test("a rollout without evidence is doubt, never a pass", () => {
  expect(lightOfRollout({ state: "progressing", gate: null }).light).toBe("inconclusive");
});

test("a paused rollout with proven harm shows the harm", () => {
  expect(lightOfRollout({ state: "paused", gate: "fail" }).light).toBe("fail");
});

test("an ended rollout is where it is since its end", () => {
  const bad = ROLLOUTS.find(({ state }) => state === "rolled_back");
  expect(bad && sinceOf(bad)).toBe(bad?.updatedAtMs);
});

describe("boardProblems", () => {
  const board = boardOf(FEATURES, ROLLOUTS, "");

  test("a rollback of the last day comes first and says what serves", () => {
    const problems = boardProblems({
      board,
      gateways: { items: [], snapshotRevision: 41 },
      health: undefined,
      nowMs: NOW,
      speed: 1,
    });
    expect(problems.map(({ severity }) => severity)).toEqual(["red", "amber"]);
    expect(problems[0]?.text).toContain("@21 has been serving everyone for 48 minutes");
    expect(problems[1]?.text).toContain("No gateway has reported");
  });

  test("what a person took back is no incident", () => {
    const bad = ROLLOUTS.find(({ state }) => state === "rolled_back");
    if (bad === undefined) throw new Error("The fixture has no rollout that was rolled back.");
    const problemsOf = (stateCode: string) =>
      boardProblems({
        board: boardOf(FEATURES, [{ ...bad, stateCode }], ""),
        gateways: undefined,
        health: undefined,
        nowMs: NOW,
        speed: 1,
      });
    expect(problemsOf("person")).toEqual([]);
    expect(problemsOf("undecided")).toHaveLength(1);
  });

  test("a rollback of last week is history", () => {
    const nowMs = NOW + 7 * 86_400_000;
    expect(
      boardProblems({ board, gateways: undefined, health: undefined, nowMs, speed: 1 }),
    ).toEqual([]);
  });
});
