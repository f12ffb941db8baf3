import { describe, expect, it } from "vitest";
import type { EvidenceBlock, TimedEvidence } from "./evidence.ts";
import { emptyEvidence, mergeEvidence } from "./merge-evidence.ts";
import {
  criterion,
  evidenceOf,
  exposure,
  gate,
  gateInput,
  rate,
  stratum,
} from "./testing/builders.ts";
import { assessGate } from "./assess-gate.ts";
import { blockSecondsOf, MOST_BLOCKS, neededTimes, plannedBlocks, timedNeeds } from "./windows.ts";

const HOUR = 3_600;
const LIVE_FROM_MS = 1_000 * HOUR * 1_000;
const W = 2_500;

type Rates = { readonly baseline: number; readonly candidate: number };

/** Requests per hour of the candidate and of the baseline, with exact rates: no chance is involved. */
function hourOf(rates: Rates): EvidenceBlock["strata"] {
  return [
    stratum({
      stageIndex: 1,
      propensityBps: W,
      candidate: rate(Math.round(200 * rates.candidate), 200),
      baseline: rate(Math.round(600 * rates.baseline), 600),
    }),
  ];
}

/** Hours of evidence in blocks of `blockSeconds`; `ratesAt` says what an hour was like. */
function timedEvidence(
  metric: string,
  blockSeconds: number,
  hours: readonly Rates[],
): { readonly timed: TimedEvidence; readonly blocks: readonly EvidenceBlock[] } {
  const blocks = hours.map((rates, hour) => ({
    startMs: LIVE_FROM_MS + hour * HOUR * 1_000,
    strata: hourOf(rates),
  }));
  return { timed: { metric, slice: "*", blockSeconds, blocks }, blocks };
}

const EXPOSURES = [
  exposure({
    stageIndex: 1,
    propensityBps: W,
    candidate: 250,
    baseline: 750,
    firstObservedAtMs: LIVE_FROM_MS,
    lastObservedAtMs: LIVE_FROM_MS + HOUR,
  }),
];

function judged(
  of: ReturnType<typeof criterion>,
  hours: readonly Rates[],
  longestSeconds: number | null = null,
) {
  const blockSeconds = blockSecondsOf(of) ?? HOUR;
  const { timed, blocks } = timedEvidence(of.metric, blockSeconds, hours);
  const input = gateInput({
    criteria: [of],
    evidence: [evidenceOf(of.metric, [])],
    exposures: EXPOSURES,
  });
  const all = mergeEvidence(emptyEvidence(), {
    metrics: [
      evidenceOf(
        of.metric,
        blocks.flatMap(({ strata }) => strata),
      ),
    ],
    exposures: EXPOSURES,
    timed: [timed],
  });
  return assessGate({ ...input, longestSeconds, evidence: all });
}

const needs = (of: ReturnType<typeof criterion>, sinceMs: number | null = null) => ({
  criteria: [of],
  metrics: [],
  sinceMs,
});

const healthy: Rates = { baseline: 0.15, candidate: 0.15 };
const harmful: Rates = { baseline: 0.15, candidate: 0.35 };
const times = <T>(count: number, item: T): readonly T[] =>
  Array.from({ length: count }, () => item);

describe("within", () => {
  const edits = { kind: "difference", hold: 0.01, rollback: 0.02 } as const;
  const firstDay = criterion("edit_rate", edits, { withinSeconds: 24 * HOUR });

  it("counts the requests of the first so many seconds of live traffic, and no later ones", () => {
    expect(judged(firstDay, [...times(24, healthy), ...times(24, harmful)]).verdict).not.toBe(
      "fail",
    );
    expect(judged(firstDay, [...times(12, harmful), ...times(36, healthy)]).verdict).toBe("fail");
    const whole = criterion("edit_rate", edits);
    expect(judged(whole, [...times(24, healthy), ...times(24, harmful)]).verdict).toBe("fail");
  });

  it("counts a label where its request was, however late it comes", () => {
    const report = judged(firstDay, [harmful, ...times(5, healthy)]);
    const later = judged(firstDay, [...times(2, harmful), ...times(4, healthy)]);
    expect(later.logHarm).toBeGreaterThan(report.logHarm);
  });

  it("leaves no evidence in the gate's input that cannot count", () => {
    const { timed } = timedEvidence("edit_rate", blockSecondsOf(firstDay)!, times(48, healthy));
    const evidence = { metrics: [], exposures: EXPOSURES, timed: [timed] };
    const kept = neededTimes(evidence, needs(firstDay));
    expect(kept.timed?.[0]?.blocks).toHaveLength(24);
    expect(gateReport(kept)).toEqual(gateReport(evidence));

    function gateReport(of: Pick<typeof evidence, "timed"> | ReturnType<typeof neededTimes>) {
      const input = gateInput({ criteria: [firstDay], exposures: EXPOSURES });
      return assessGate({ ...input, evidence: { ...input.evidence, ...of } });
    }
  });
});

describe("over", () => {
  const limit = { kind: "limit", hold: 0.03, rollback: 0.05 } as const;
  const errors = criterion("error_rate", limit, { overSeconds: HOUR });
  const calm: Rates = { baseline: 0.01, candidate: 0.01 };

  it("says the same to the bit of blocks that are kept from look to look as of new ones", () => {
    const hours = Array.from({ length: 30 }, (_, hour) => ({
      baseline: 0.01 + 0.001 * (hour % 3),
      candidate: hour < 20 ? 0.01 : 0.06,
    }));
    const { blocks } = timedEvidence("error_rate", HOUR, hours);
    const look = (of: readonly EvidenceBlock[]) =>
      assessGate({
        ...gateInput({ criteria: [errors], exposures: EXPOSURES }),
        evidence: {
          metrics: [],
          exposures: EXPOSURES,
          timed: [{ metric: "error_rate", slice: "*", blockSeconds: HOUR, blocks: of }],
        },
      });
    for (let seen = 1; seen <= blocks.length; seen += 1) {
      const kept = blocks.slice(0, seen);
      expect(look(kept)).toEqual(look(structuredClone(kept)));
    }
    expect(look(blocks).verdict).toBe("fail");
  });

  it("finds harm that begins after a long healthy stretch, which the sum of all evidence hides", () => {
    const hours = [...times(200, calm), ...times(6, { baseline: 0.01, candidate: 0.12 })];
    const report = judged(errors, hours);
    expect(report.verdict).toBe("fail");
    expect(report.culprit?.criterionId).toBe("error_rate");
    expect(judged(criterion("error_rate", limit), hours).verdict).not.toBe("fail");
  });

  it("holds and does not roll back when both releases fail alike", () => {
    const outage = { baseline: 0.3, candidate: 0.3 };
    const report = judged(errors, [...times(20, calm), ...times(3, outage)]);
    expect(report.verdict).toBe("hold");
  });

  it("does not depend on the order in which blocks arrived", () => {
    const { timed, blocks } = timedEvidence("error_rate", HOUR, [
      calm,
      { baseline: 0.02, candidate: 0.08 },
      calm,
    ]);
    const parts = blocks.map((block) => ({
      metrics: [],
      exposures: [],
      timed: [{ ...timed, blocks: [block] }],
    }));
    const forwards = parts.reduce(mergeEvidence, { ...emptyEvidence(), timed: [] });
    const backwards = parts.toReversed().reduce(mergeEvidence, { ...emptyEvidence(), timed: [] });
    expect(backwards).toEqual(forwards);
    expect(forwards.timed?.[0]?.blocks).toEqual(blocks);
  });

  it("stakes on a late beginning what the longest duration leaves for each block", () => {
    const hours = [...times(12, calm), ...times(4, { baseline: 0.01, candidate: 0.06 })];
    const unknown = judged(errors, hours).logHarm;
    const day = judged(errors, hours, 24 * HOUR).logHarm;
    // 24 hours touch 25 hours of the clock: half of the capital over 24 later blocks in place of 511.
    expect(day - unknown).toBeGreaterThan(0.9 * Math.log(511 / 24));
    expect(day - unknown).toBeLessThanOrEqual(Math.log(511 / 24));
    expect(judged(errors, hours, 1_000 * HOUR).logHarm).toBe(unknown);
    expect(plannedBlocks(errors, 1_000 * HOUR)).toBe(MOST_BLOCKS);
    // One that lasts longer than planned restarts no more, and keeps what it has.
    expect(judged(errors, hours, 6 * HOUR).logHarm).toBeLessThan(unknown);
  });

  it("counts restarts from when the tests began, whichever label comes first", () => {
    const hours = [...times(20, calm), ...times(3, { baseline: 0.01, candidate: 0.06 })];
    const { timed, blocks } = timedEvidence("error_rate", HOUR, hours);
    const look = (seen: readonly EvidenceBlock[]): number => {
      const evidence = {
        metrics: [evidenceOf("error_rate", [])],
        exposures: EXPOSURES,
        timed: [{ ...timed, blocks: seen }],
      };
      const kept = neededTimes(evidence, needs(errors, LIVE_FROM_MS + 60_000));
      const input = gateInput({ criteria: [errors], evidence: [], exposures: EXPOSURES });
      return assessGate({ ...input, longestSeconds: 24 * HOUR, evidence: { ...evidence, ...kept } })
        .logHarm;
    };
    // One answer of each arm without an event says nothing: nor may it, coming late for the first hour.
    const nothing = [
      stratum({ stageIndex: 1, propensityBps: W, candidate: rate(0, 1), baseline: rate(0, 1) }),
    ];
    const late = [{ startMs: LIVE_FROM_MS, strata: nothing }, ...blocks.slice(20)];
    expect(look(late)).toBeCloseTo(look(blocks.slice(20)), 1);
    expect(look(blocks)).toBeLessThanOrEqual(look(blocks.slice(20)) + 1e-9);
    // What a slow clock puts before the beginning is of the first block.
    const early = [
      { startMs: LIVE_FROM_MS - 5 * HOUR * 1_000, strata: nothing },
      ...blocks.slice(20),
    ];
    expect(look(early)).toBe(look(late));
  });

  it("keeps a bounded number of blocks", () => {
    const { timed } = timedEvidence("error_rate", HOUR, times(MOST_BLOCKS + 40, calm));
    const kept = neededTimes({ metrics: [], exposures: EXPOSURES, timed: [timed] }, needs(errors));
    expect(kept.timed?.[0]?.blocks).toHaveLength(MOST_BLOCKS);
  });
});

it("evidence without times counts whole for every criterion", () => {
  const of = criterion(
    "edit_rate",
    { kind: "difference", hold: 0.01, rollback: 0.02 },
    { withinSeconds: HOUR, overSeconds: HOUR },
  );
  const report = gate({ criteria: [of], evidence: [evidenceOf("edit_rate", hourOf(harmful))] });
  expect(report.verdicts[0]?.observations.candidate).toBe(200);
});

it("needs one list of blocks for criteria that agree on metric and length", () => {
  const of = (withinSeconds: number | null, overSeconds: number | null) => ({
    metric: "edit_rate",
    withinSeconds,
    overSeconds,
  });
  expect(timedNeeds([of(null, null)], [])).toEqual([]);
  expect(timedNeeds([of(24 * HOUR, null), of(null, 360), of(HOUR, 900)], [])).toEqual([
    { metric: "edit_rate", blockSeconds: 360, withinSeconds: null },
    { metric: "edit_rate", blockSeconds: 900, withinSeconds: HOUR },
  ]);
});
