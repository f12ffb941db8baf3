import { describe, expect, it } from "vitest";
import { stage, strategy } from "../../test/rollout-builders.ts";
import type { Comparison, Criterion } from "../gate/criterion.ts";
import type { CriterionTestPart } from "../gate/criterion-tests.ts";
import { criterionTests } from "../gate/criterion-tests.ts";
import type { PairCell } from "../gate/evidence.ts";
import { METRIC_CATALOGUE } from "../gate/metric-catalogue.ts";
import { criterion, seededRandom } from "../gate/testing/builders.ts";
import type { Strategy } from "../rollout/strategy.ts";
import { GRID_WEIGHTS } from "../statistics/bet-grid.ts";
import { pairNeeds } from "./pair-needs.ts";

type Move = Exclude<Comparison, { kind: "zero_tolerance" }>;

const QUALITY = METRIC_CATALOGUE.find(({ name }) => name === "quality")!;
const TEN_PERCENT: Move = { kind: "relative", hold: 0.05, rollback: 0.1 };
const WRITTEN_HOLD: Move = { ...TEN_PERCENT, margin: 0.05 };

/** Of 100 pairs: quality falls from 90% to 70%, and not at all. */
const WORSE: PairCell = { joint: { "100:100": 66, "100:0": 24, "0:0": 6, "0:100": 4 } };
const AS_GOOD: PairCell = { joint: { "100:100": 86, "100:0": 4, "0:0": 6, "0:100": 4 } };

const judging = (...criteria: Criterion[]): Strategy => ({
  ...strategy([stage("shadow"), stage("verify")]),
  criteria,
});

function needsOf(
  recorded: PairCell,
  comparison: Comparison,
  of: { readonly slice?: string; readonly slices?: number; readonly strategy?: Strategy } = {},
) {
  const own = criterion("quality", comparison, { perSlice: true });
  const { slice = "*", slices = 0 } = of;
  return pairNeeds({
    strategy: of.strategy ?? judging(own),
    criterion: own,
    metric: QUALITY,
    slice,
    slices,
    recorded,
  });
}

/** The share of histories of so many pairs in which all tests have reached their odds at the same time. */
function playedShare(
  recorded: PairCell,
  pairs: number,
  tests: readonly { readonly parts: readonly CriterionTestPart[]; readonly odds: number }[],
): number {
  const random = seededRandom(17);
  const kinds = Object.entries(recorded.joint).map(([bins, count]) => {
    const [baselineBin, candidateBin] = bins.split(":").map(Number) as [number, number];
    const logs = tests.map(({ parts }) =>
      parts.map((part) => part.pairLogs({ baselineBin, candidateBin })),
    );
    return { count, logs };
  });
  const draw = () => {
    let left = random() * 100;
    return kinds.find(({ count }) => (left -= count) < 0)!;
  };
  const histories = 600;
  let settled = 0;
  for (let history = 0; history < histories; history += 1) {
    const wealth = tests.map(({ parts }) => parts.map(() => GRID_WEIGHTS.map(() => 0)));
    for (let seen = 0; seen < pairs; seen += 1) {
      const { logs } = draw();
      wealth.forEach((parts, test) =>
        parts.forEach((grid, part) => {
          grid.forEach((_, point) => (grid[point]! += logs[test]![part]![point]!));
        }),
      );
      const isProven = tests.every(({ parts, odds }, test) => {
        const values = parts.map(
          ({ weight }, part) =>
            weight *
            wealth[test]![part]!.reduce(
              (sum, log, point) => sum + GRID_WEIGHTS[point]! * Math.exp(log),
              0,
            ),
        );
        return values.reduce((sum, value) => sum + value, 0) >= odds;
      });
      if (!isProven) continue;
      settled += 1;
      break;
    }
  }
  return settled / histories;
}

describe("the pairs that a recorded candidate takes", () => {
  it("are those after which the gate's tests have settled it with the stated chance", () => {
    const { harm, block, safety } = criterionTests(QUALITY, TEN_PERCENT, 10_000)!;
    const detected = needsOf(WORSE, TEN_PERCENT)!.detect;
    // Half of the capital waits for harm that begins with the live stage: half of these and a half make 20 and 5.
    const tests = [
      { parts: harm, odds: 39 },
      { parts: block, odds: 9 },
    ];
    for (const [name, chance] of [
      ["p50", 0.5],
      ["p80", 0.8],
    ] as const) {
      const share = playedShare(WORSE, detected[name]!, tests);
      expect(share).toBeGreaterThan(chance - 0.1);
      expect(share).toBeLessThan(chance + 0.1);
    }
    const cleared = needsOf(AS_GOOD, TEN_PERCENT)!.clear;
    // Live answers have 95% of the weight.
    const share = playedShare(AS_GOOD, cleared.p80!, [{ parts: safety, odds: 20 / 0.05 }]);
    expect(share).toBeGreaterThan(0.7);
    expect(share).toBeLessThan(0.9);
  });

  it("are more where the policy writes a hold level, since that is what must be ruled out", () => {
    const byRollback = needsOf(AS_GOOD, TEN_PERCENT)!;
    const byHold = needsOf(AS_GOOD, WRITTEN_HOLD)!;
    expect(byHold.clear.p80).toBeGreaterThan(2 * byRollback.clear.p80!);
    expect(byHold.detect).toEqual(byRollback.detect);
  });

  it("are more for a slice, whose row weighs less, and where other criteria share the weight", () => {
    const alone = needsOf(WORSE, TEN_PERCENT)!.detect.p80!;
    const sliced = needsOf(WORSE, TEN_PERCENT, { slice: "long", slices: 4 })!.detect.p80!;
    expect(sliced).toBeGreaterThan(alone);
    const beside = judging(
      criterion("quality", TEN_PERCENT),
      criterion("error_rate", { kind: "limit", hold: 0.04, rollback: 0.05 }),
    );
    expect(needsOf(WORSE, TEN_PERCENT, { strategy: beside })!.detect.p80).toBeGreaterThan(alone);
  });

  it("are none that would do, where the recording shows the opposite", () => {
    expect(needsOf(AS_GOOD, TEN_PERCENT)!.detect.p50).toBeNull();
    expect(needsOf(WORSE, TEN_PERCENT)!.clear.p50).toBeNull();
    expect(needsOf({ joint: {} }, TEN_PERCENT)!.clear.p50).toBeNull();
  });

  it("are not known where the gate has no test", () => {
    expect(needsOf(WORSE, { kind: "zero_tolerance", maximumRate: 0.001 })).toBeNull();
  });
});
