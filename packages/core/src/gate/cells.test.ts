import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { binOfValue, valueOfBin, ZERO_BIN } from "./bins.ts";
import {
  addObservation,
  addPair,
  addUnitPair,
  cellBins,
  emptyCell,
  emptyPairCell,
  mergeCells,
  mergePairCells,
  pairCellBins,
  summarizeCell,
} from "./cells.ts";
import type { EvidenceCell, PairCell } from "./evidence.ts";
import { emptyEvidence, mergeEvidence } from "./merge-evidence.ts";
import { findMetric } from "./metric-catalogue.ts";
import type { MetricDefinition } from "./metric.ts";
import { evidenceOf, exposure, stratum } from "./testing/builders.ts";

const metric = (name: string): MetricDefinition => findMetric(name)!;

const cells: fc.Arbitrary<EvidenceCell> = fc
  .array(fc.tuple(fc.integer({ min: -1000, max: 2000 }), fc.integer({ min: 1, max: 50 })))
  .map((entries) =>
    entries.reduce((cell, [bin, count]) => addObservation(cell, bin, count), emptyCell()),
  );

const pairBin = fc.integer({ min: 0, max: 100 });
const pairCells: fc.Arbitrary<PairCell> = fc
  .array(fc.tuple(pairBin, pairBin, fc.option(fc.nat(63))))
  .map((entries) =>
    entries.reduce(
      (cell, [baselineBin, candidateBin, bucket]) =>
        bucket === null
          ? addPair(cell, { baselineBin, candidateBin })
          : addUnitPair(cell, { baselineBin, candidateBin, bucket }),
      emptyPairCell(),
    ),
  );

const strata = fc
  .record({
    stageIndex: fc.integer({ min: 0, max: 3 }),
    propensityBps: fc.constantFrom(0, 100, 500, 2500),
    baseline: cells,
    candidate: cells,
    pairs: pairCells,
  })
  .map((parts) => stratum(parts));

const evidences = fc
  .tuple(
    fc.array(
      fc.tuple(fc.constantFrom("quality", "edit_rate"), fc.constantFrom("*", "a=1"), strata),
      { maxLength: 4 },
    ),
    fc.array(
      fc.record({
        stageIndex: fc.integer({ min: 0, max: 3 }),
        candidate: fc.nat(50),
        lastObservedAtMs: fc.option(fc.nat(1000)),
      }),
      { maxLength: 3 },
    ),
  )
  .map(([entries, exposures]) => ({
    metrics: entries.map(([name, slice, part]) => evidenceOf(name, [part], slice)),
    exposures: exposures.map((parts) => exposure({ ...parts, excluded: { forced: 1 } })),
  }));

describe("bins", () => {
  it("bins a binary metric to 0 and 100", () => {
    expect([0, 1].map((value) => binOfValue(metric("edit_rate"), value))).toEqual([0, 100]);
  });

  it("clips a bounded metric to its range and rounds to hundredths of it", () => {
    const rating: MetricDefinition = { ...metric("quality"), range: [1, 5] };
    expect([0, 1, 3, 5, 9].map((value) => binOfValue(rating, value))).toEqual([0, 0, 50, 100, 100]);
    expect(valueOfBin(rating, 50)).toBe(3);
  });

  it("bins a heavy tail within 1% and keeps zero", () => {
    const cost = metric("cost_per_call");
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (value) => {
        const back = valueOfBin(cost, binOfValue(cost, value)!);
        expect(Math.abs(back / value - 1)).toBeLessThan(0.0101);
      }),
    );
    expect(binOfValue(cost, 0)).toBe(ZERO_BIN);
    expect(valueOfBin(cost, ZERO_BIN)).toBe(0);
  });

  it("does not bin what is no number", () => {
    expect(binOfValue(metric("quality"), Number.NaN)).toBeNull();
  });
});

describe("cells", () => {
  it("merge in any order and grouping", () => {
    fc.assert(
      fc.property(cells, cells, cells, (a, b, c) => {
        expect(mergeCells(a, b)).toEqual(mergeCells(b, a));
        expect(mergeCells(mergeCells(a, b), c)).toEqual(mergeCells(a, mergeCells(b, c)));
        expect(mergeCells(a, emptyCell())).toEqual(a);
      }),
    );
  });

  it("of pairs merge in any order and grouping", () => {
    fc.assert(
      fc.property(pairCells, pairCells, pairCells, (a, b, c) => {
        expect(mergePairCells(a, b)).toEqual(mergePairCells(b, a));
        expect(mergePairCells(mergePairCells(a, b), c)).toEqual(
          mergePairCells(a, mergePairCells(b, c)),
        );
      }),
    );
  });

  it("list their bins ascending whatever the order of their keys", () => {
    const bins = cellBins({ bins: { "5": 1, "-1000": 2, "-3": 1, "100": 4 } });
    expect(bins.map(({ bin }) => bin)).toEqual([-1000, -3, 5, 100]);
    const pairs = pairCellBins({ joint: { "100:0": 1, "9:10": 1, "9:2": 3 } });
    expect(pairs.map((pair) => [pair.baselineBin, pair.candidateBin])).toEqual([
      [9, 2],
      [9, 10],
      [100, 0],
    ]);
  });

  it("count nothing for keys that are no bins and counts that are no counts", () => {
    expect(cellBins({ bins: { x: 1, "1.5": 1, "4": -1, "5": Number.NaN, "6": 2 } })).toEqual([
      { bin: 6, count: 2 },
    ]);
    expect(pairCellBins({ joint: { "1": 1, ":2": 1, "1:": 1, "1:2": 1 } })).toEqual([
      { baselineBin: 1, candidateBin: 2, count: 1 },
    ]);
  });

  it("summarise to count, mean and quantile in the metric's unit", () => {
    const cell = { bins: { "0": 1, "50": 2, "100": 1 } };
    expect(summarizeCell(metric("quality"), cell)).toEqual({ count: 4, mean: 0.5, quantile: 0.5 });
    expect(summarizeCell(metric("quality"), emptyCell()).mean).toBeNull();
  });
});

describe("rollout evidence", () => {
  it("merges in any order and grouping", () => {
    fc.assert(
      fc.property(evidences, evidences, evidences, (a, b, c) => {
        expect(mergeEvidence(a, b)).toEqual(mergeEvidence(b, a));
        expect(mergeEvidence(mergeEvidence(a, b), c)).toEqual(
          mergeEvidence(a, mergeEvidence(b, c)),
        );
      }),
    );
  });

  it("survives being stored as JSON", () => {
    fc.assert(
      fc.property(evidences, (evidence) => {
        const merged = mergeEvidence(evidence, emptyEvidence());
        expect(JSON.parse(JSON.stringify(merged))).toEqual(merged);
      }),
    );
  });
});
