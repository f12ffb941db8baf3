import { describe, expect, it } from "vitest";
import { BetTable, noWealth } from "./bet-table.ts";
import { decodeCell } from "./decoded-cell.ts";
import type { ArmScale } from "./outcome-scale.ts";

const WIDE: Extract<ArmScale, { readonly kind: "values" }> = {
  kind: "values",
  binsPerOutcome: 4,
  firstGroup: -1,
  outcomes: [0, 0.25, 1],
};

/** Nine bets of 0.1 to 0.9 on an outcome. */
const bets = (outcome: number): number[] =>
  Array.from({ length: 9 }, (_, point) => Math.log1p(((point + 1) / 10) * outcome));

function wealth(bins: Readonly<Record<string, number>>): number[] {
  const logs = noWealth();
  new BetTable(WIDE, bets).addTo(logs, decodeCell({ bins }));
  return [...logs];
}

function sum(counts: readonly (readonly [outcome: number, count: number])[]): number[] {
  return [...noWealth()].map((_, point) =>
    counts.reduce((total, [outcome, count]) => total + count * (bets(outcome)[point] as number), 0),
  );
}

describe("a table of bets", () => {
  it("takes bins together that are one outcome", () => {
    const logs = wealth({ "-4": 2, "-1": 1, "0": 3, "3": 4, "4": 5 });
    for (const [point, log] of sum([
      [0, 3],
      [0.25, 7],
      [1, 5],
    ]).entries()) {
      expect(logs[point]).toBeCloseTo(log, 12);
    }
  });

  it("counts bins beyond its outcomes as the nearest one", () => {
    const logs = wealth({ "-400": 2, "-5": 1, "8": 3, "4000": 4 });
    for (const [point, log] of sum([
      [0, 3],
      [1, 7],
    ]).entries()) {
      expect(logs[point]).toBeCloseTo(log, 12);
    }
  });
});
