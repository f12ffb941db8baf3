import type { EvidenceBlock, StratumEvidence } from "@spillway/core";
import {
  addObservation,
  addPair,
  ALL_TRAFFIC,
  assessGate,
  DEFAULT_CONFIDENCE,
  emptyCell,
  emptyPairCell,
} from "@spillway/core";
import { describe, expect, it } from "vitest";
import { lateMetricOf, metricOf } from "./policies.ts";
import type { Random } from "./random.ts";
import { seededRandom } from "./random.ts";
import type { GateRow, TestedComparison } from "./running-gate.ts";
import { gateQuestions, GateTests, RunningGate } from "./running-gate.ts";

const NEXT_SHARE_BPS = 2500;

type History = {
  readonly name: string;
  readonly row: Omit<GateRow, "safety">;
  readonly drawBin: (random: Random) => number;
};

const TEN_PERCENT: TestedComparison = { kind: "relative", hold: 0.05, rollback: 0.1 };

const event = (rate: number) => (random: Random) => (random() < rate ? 100 : 0);

const HISTORIES: readonly History[] = [
  {
    name: "a difference of rates",
    row: {
      metric: metricOf("edit_rate"),
      comparison: { kind: "difference", hold: 0.01, rollback: 0.02 },
    },
    drawBin: event(0.15),
  },
  {
    name: "a difference of rates that come late",
    row: {
      metric: lateMetricOf("edit_rate", { expected: 0.15, medianMinutes: 30 }),
      comparison: { kind: "difference", hold: 0.01, rollback: 0.02 },
    },
    drawBin: event(0.15),
  },
  {
    name: "a ratio of rates",
    row: {
      metric: metricOf("guardrail_trips"),
      comparison: { kind: "ratio", hold: 1.25, rollback: 1.5 },
    },
    drawBin: event(0.02),
  },
  {
    name: "a score",
    row: { metric: metricOf("quality"), comparison: TEN_PERCENT },
    drawBin: (random) => Math.round(100 * Math.sqrt(random())),
  },
  {
    name: "a quantile",
    row: { metric: metricOf("latency_p95", { value: 3000 }), comparison: TEN_PERCENT },
    drawBin: (random) => Math.round(380 + 60 * random()),
  },
  {
    name: "a heavy-tailed mean",
    row: { metric: metricOf("cost_per_call", { value: 0.01 }), comparison: TEN_PERCENT },
    drawBin: (random) => Math.round(-300 + 200 * random()),
  },
];

describe("the tests of the benchmark are those of the gate", () => {
  it.each(HISTORIES)("on the arms of $name", ({ row, drawBin }) => {
    const random = seededRandom("arms");
    const gate = runningGate(row, "arms");
    const strata = [500, 2500].map((propensityBps, stageIndex) => {
      let arms = { baseline: emptyCell(), candidate: emptyCell() };
      for (let request = 0; request < 800; request += 1) {
        const arm = random() < propensityBps / 10_000 ? "candidate" : "baseline";
        const bin = drawBin(random);
        gate.add(gate.tests.armRow(propensityBps, arm, bin), 1);
        arms = { ...arms, [arm]: addObservation(arms[arm], bin) };
      }
      return { stageIndex, propensityBps, ...arms, pairs: emptyPairCell() };
    });
    expectSame(gate, row, strata);
  });

  it.each(HISTORIES)("with restarts on the arms of $name", ({ row, drawBin }) => {
    const random = seededRandom("restarts");
    const gate = runningGate(row, "arms");
    const propensityBps = 2500;
    const blocks = [0, 1, 2, 3, 4].map((hour) => {
      gate.startBlock();
      let arms = { baseline: emptyCell(), candidate: emptyCell() };
      for (let request = 0; request < 200; request += 1) {
        const arm = random() < propensityBps / 10_000 ? "candidate" : "baseline";
        const bin = drawBin(random);
        gate.add(gate.tests.armRow(propensityBps, arm, bin), 1);
        arms = { ...arms, [arm]: addObservation(arms[arm], bin) };
      }
      const stratum = { stageIndex: 0, propensityBps, ...arms, pairs: emptyPairCell() };
      return { startMs: hour * 3_600_000, strata: [stratum] };
    });
    expectSame(gate, row, blocks);
  });

  it.each(HISTORIES)("on the pairs of $name", ({ row, drawBin }) => {
    const random = seededRandom("pairs");
    const gate = runningGate(row, "pairs");
    let pairs = emptyPairCell();
    for (let pair = 0; pair < 300; pair += 1) {
      const [baselineBin, candidateBin] = [drawBin(random), drawBin(random)];
      gate.add(gate.tests.pairRow(baselineBin, candidateBin), 1);
      pairs = addPair(pairs, { baselineBin, candidateBin });
    }
    const arms = { baseline: emptyCell(), candidate: emptyCell() };
    expectSame(gate, row, [{ stageIndex: 0, propensityBps: 0, ...arms, pairs }]);
  });
});

function runningGate(row: History["row"], evidence: "arms" | "pairs"): RunningGate {
  const safety = [{ comparison: row.comparison, nextShareBps: NEXT_SHARE_BPS }];
  return new RunningGate(new GateTests(gateQuestions({ ...row, safety })), evidence);
}

function expectSame(
  gate: RunningGate,
  { metric, comparison }: History["row"],
  gathered: readonly StratumEvidence[] | readonly EvidenceBlock[],
): void {
  const blocks = gathered.filter((part) => "strata" in part);
  const strata = gathered.flatMap((part) => ("strata" in part ? part.strata : [part]));
  const blockSeconds = 3600;
  const report = assessGate({
    criteria: [
      {
        id: metric.name,
        metric: metric.name,
        comparison,
        withinSeconds: null,
        overSeconds: blocks.length === 0 ? null : blockSeconds,
        perSlice: false,
        onInconclusive: "hold",
        onNoData: "hold",
        onError: "hold",
      },
    ],
    metrics: [metric],
    slices: [],
    evidence: {
      metrics: [{ metric: metric.name, slice: ALL_TRAFFIC, strata }],
      exposures: [],
      timed: [{ metric: metric.name, slice: ALL_TRAFFIC, blockSeconds, blocks }],
    },
    confidence: DEFAULT_CONFIDENCE,
    stage: {
      index: 0,
      kind: "ramp",
      shareBps: 500,
      nextShareBps: NEXT_SHARE_BPS,
      observationsPerHour: null,
    },
  });
  const { harm, block, safety } = gate.tests;
  const verdict = report.verdicts[0];
  expect(verdict?.observations).toEqual({
    candidate: sumOf(strata, ({ candidate }) => candidate.bins),
    baseline: sumOf(strata, ({ baseline }) => baseline.bins),
    pairs: sumOf(strata, ({ pairs }) => pairs.joint),
  });
  expect(gate.logE(harm) - (verdict?.logHarm ?? Number.NaN)).toBeCloseTo(0, 9);
  expect(gate.logE(block) - (verdict?.logBlock ?? Number.NaN)).toBeCloseTo(0, 9);
  const asked = safety[0];
  if (asked === undefined) throw new Error("The gate asks for safety.");
  expect(gate.logE(asked) - (verdict?.logSafety ?? Number.NaN)).toBeCloseTo(0, 9);
}

/** All counts of one kind in the strata. */
function sumOf(
  strata: readonly StratumEvidence[],
  countsOf: (stratum: StratumEvidence) => Readonly<Record<string, number>>,
): number {
  return strata
    .flatMap((stratum) => Object.values(countsOf(stratum)))
    .reduce((sum, count) => sum + count, 0);
}
