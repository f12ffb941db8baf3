import {
  EXAMPLE_NOW_MS,
  exampleDecisionSummary,
  exampleRolloutDetail,
  exampleVerdict,
} from "@spillway/testkit/control-examples";
import { describe, expect, it } from "vitest";
import { createPaint } from "./paint.ts";
import { renderRolloutTree } from "./rollout-tree.ts";

const plain = createPaint(false);

const treeOf = (over: Parameters<typeof exampleRolloutDetail>[0] = {}, decisions = [0]) =>
  renderRolloutTree(
    {
      detail: exampleRolloutDetail(over),
      decisions: decisions.map(() => exampleDecisionSummary()),
      nowMs: EXAMPLE_NOW_MS,
    },
    plain,
  );

describe("renderRolloutTree", () => {
  it("shows where a rollout is, why, and what it is judged by", () => {
    expect(treeOf()).toMatchInlineSnapshot(`
      "⟳ discharge-summary  ◌ progressing  rol_1, version 4
        strategy   careful, tier 1, by ada
        baseline   discharge-summary@13
        candidate  discharge-summary@14
                   prompt discharge-prompt v3.1 becomes v3.2
        share      set 5%, actual 4.81%
        why        canary needs 400 answers of the candidate; 118 are there.

      stages
                 stage     set   actual  n (baseline / candidate)
        ✔ done   evaluate  0%    -       -
        ✔ done   shadow    0%    -       -
        ◌ now    canary    5%    4.81%   2,333 / 118               for 12m
        • later  ramp 50%  50%   -       -
        • later  verify    100%  -       -

      gate
        ? inconclusive: Not decided yet.
        verdict         criterion  slice  harm    interval                hold at  rollback at  margin  odds of harm  odds of safety  n (baseline / candidate)  newest
        ? inconclusive  quality    all    +0.012  −0.031 to +0.055 (95%)  +0.05    +0.1         +0.05   1.5 to 1      3.3 to 1        2,333 / 118               -
        harm and its levels: how much worse the candidate is; above zero is worse, also where the metric fell
        margin: what must be ruled out before the next stage, more of it before a small share (docs/statistics.md, Margins)

      unmet
        • canary needs 400 answers of the candidate; 118 are there.

      last decisions
        at                       decision  stage   by          id     reason
        2026-11-12 13:48:00 UTC  advance   shadow  controller  dec_4  shadow is passed; canary begins."
    `);
  });

  it("shows harm, silence and errors as three things", () => {
    const report = exampleRolloutDetail().report;
    if (report === null) throw new Error("the example has a report");
    const tree = treeOf({
      state: "rolled_back",
      stateCode: "gate",
      unmet: [],
      setShareBps: 0,
      actualShareBps: null,
      report: {
        ...report,
        verdict: "fail",
        verdicts: [
          exampleVerdict({ verdict: "fail", estimate: 0.137 }),
          exampleVerdict({
            criterionId: "latency",
            evidence: "no_data",
            estimate: null,
            interval: null,
            observations: { baseline: 0, candidate: 0, pairs: 0 },
          }),
          exampleVerdict({ criterionId: "cost", evidence: "error", verdict: "hold" }),
        ],
        warnings: [{ kind: "no_traffic", stageIndex: 2, sentence: "No request since 13:00." }],
        sentence: "quality fell by 13.7%.",
      },
    });
    expect(tree.slice(tree.indexOf("stages"))).toMatchInlineSnapshot(`
      "stages
                 stage     set   actual  n (baseline / candidate)
        ✔ done   evaluate  0%    -       -
        ✔ done   shadow    0%    -       -
        ✖ ended  canary    5%    4.81%   2,333 / 118
        • later  ramp 50%  50%   -       -
        • later  verify    100%  -       -

      gate
        ✖ fail: quality fell by 13.7%.
        verdict                   criterion  slice  harm    interval                hold at  rollback at  margin  odds of harm  odds of safety  n (baseline / candidate)  newest
        ✖ fail                    quality    all    +0.137  −0.031 to +0.055 (95%)  +0.05    +0.1         +0.05   1.5 to 1      3.3 to 1        2,333 / 118               -
        ? inconclusive (no data)  latency    all    -       -                       +0.05    +0.1         +0.05   1.5 to 1      3.3 to 1        0 / 0                     -
        ⚠ hold (error)            cost       all    +0.012  −0.031 to +0.055 (95%)  +0.05    +0.1         +0.05   1.5 to 1      3.3 to 1        2,333 / 118               -
        harm and its levels: how much worse the candidate is; above zero is worse, also where the metric fell
        margin: what must be ruled out before the next stage, more of it before a small share (docs/statistics.md, Margins)
        ⚠ No request since 13:00.

      last decisions
        at                       decision  stage   by          id     reason
        2026-11-12 13:48:00 UTC  advance   shadow  controller  dec_4  shadow is passed; canary begins."
    `);
  });

  it("does not say twice that it holds", () => {
    const { report } = exampleRolloutDetail();
    const sentence = "Hold: edit_rate rose by 3 points.";
    const tree = treeOf({ report: { ...report!, verdict: "hold", sentence } });
    expect(tree).toContain("⚠ hold: edit_rate rose by 3 points.");
  });

  it("points to what a margin is where one is not the rollback level", () => {
    const { report } = exampleRolloutDetail();
    const at = (margin: number) => {
      const levels = { hold: 0.05, rollback: 0.1, margin };
      return treeOf({ report: { ...report!, verdicts: [exampleVerdict({ levels })] } });
    };
    expect(at(0.2)).toContain("more of it before a small share (docs/statistics.md, Margins)");
    expect(at(0.1)).not.toContain("docs/statistics.md");
  });

  it("shows a relative harm in percent, and a share's in points", () => {
    const criteria = [
      { id: "quality", metric: "quality", sentence: "", comparison: { kind: "relative" } },
      { id: "errors", metric: "error_rate", sentence: "", comparison: { kind: "difference" } },
      { id: "latency", metric: "latency_p95", sentence: "", comparison: { kind: "limit" } },
    ];
    const { report, strategyDetail } = exampleRolloutDetail();
    if (report === null) throw new Error("the example has a report");
    const levels = { hold: 0.025, rollback: 0.05, margin: 0.025 };
    const verdicts = [
      exampleVerdict({ levels }),
      exampleVerdict({ criterionId: "errors", metric: "error_rate", levels }),
      exampleVerdict({
        criterionId: "latency",
        metric: "latency_p95",
        estimate: 1_900,
        interval: { low: 1_800, high: 2_100, level: 0.95 },
        levels: { hold: null, rollback: 2_500, margin: 0 },
      }),
    ];
    const tree = treeOf({
      strategyDetail: { ...strategyDetail, criteria },
      report: { ...report, verdicts },
    });
    const gate = tree.slice(tree.indexOf("gate\n"), tree.indexOf("unmet\n"));
    expect(gate).toMatchInlineSnapshot(`
      "gate
        ? inconclusive: Not decided yet.
        verdict         criterion  slice  harm         interval                   hold at      rollback at  margin       odds of harm  odds of safety  n (baseline / candidate)  newest
        ? inconclusive  quality    all    +1.2%        −3.1% to +5.5% (95%)       +2.5%        +5.0%        +2.5%        1.5 to 1      3.3 to 1        2,333 / 118               -
        ? inconclusive  errors     all    +1.2 points  −3.1 to +5.5 points (95%)  +2.5 points  +5.0 points  +2.5 points  1.5 to 1      3.3 to 1        2,333 / 118               -
        ? inconclusive  latency    all    1.9 s        1.8 s to 2.1 s (95%)       -            2.5 s        0 ms         1.5 to 1      3.3 to 1        2,333 / 118               -
        harm and its levels: how much worse the candidate is; above zero is worse, also where the metric fell
        margin: what must be ruled out before the next stage, more of it before a small share (docs/statistics.md, Margins)

      "
    `);
  });

  it("shows the revision of a strategy that was revised", () => {
    const strategyOf = (revision: number) => treeOf({ revision }).split("\n")[1]?.trim();
    expect(strategyOf(1)).toBe("strategy   careful, tier 1, by ada");
    expect(strategyOf(3)).toBe("strategy   careful, revision 3, tier 1, by ada");
  });

  it("shows every stage of a complete rollout as done", () => {
    const tree = treeOf({ state: "completed", stageIndex: null, report: null, unmet: [] }, []);
    expect(tree.match(/✔ done/g)).toHaveLength(5);
    expect(tree).not.toContain("gate");
    expect(tree).not.toContain("last decisions");
  });

  it("has one icon for each state, with the word", () => {
    const states = ["pending", "progressing", "held", "paused", "rolled_back", "aborted"] as const;
    const titles = states.map((state) => treeOf({ state }).split("  ")[1]);
    expect(titles).toEqual([
      "◷ pending",
      "◌ progressing",
      "⚠ held",
      "॥ paused",
      "✖ rolled back",
      "✖ aborted",
    ]);
    expect(treeOf({ state: "held", stateCode: "undecided" })).toContain("? held (undecided)");
  });
});
