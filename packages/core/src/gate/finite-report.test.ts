import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../json.ts";
import { canonicalJson } from "../release/canonical-json.ts";
import { assessGate } from "./assess-gate.ts";
import type { EvidenceCell, MetricEvidence, PairCell } from "./evidence.ts";
import { isInvalidating } from "./integrity.ts";
import { METRIC_CATALOGUE } from "./metric-catalogue.ts";
import { criterion, exposure, gateInput } from "./testing/builders.ts";

/** Counts from one observation to more than a feature will ever see. */
const counts = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2 ** 50 }));
const bin = fc.oneof(
  fc.constantFrom(0, 100),
  fc.integer({ min: 0, max: 100 }),
  fc.integer({ min: -1_000, max: 1_500 }),
);

const cell: fc.Arbitrary<EvidenceCell> = fc
  .dictionary(bin.map(String), counts, { maxKeys: 4 })
  .map((bins) => ({ bins }));
const pairs: fc.Arbitrary<PairCell> = fc
  .dictionary(
    fc.tuple(bin, bin).map(([left, right]) => `${left}:${right}`),
    counts,
    { maxKeys: 4 },
  )
  .map((joint) => ({ joint }));

const level = fc.constantFrom(0, 1e-9, 0.02, 0.05, 0.5, 0.999, 1, 1.5, 2_500, 1e12);
const comparison = fc.oneof(
  ...(["relative", "difference", "ratio", "limit"] as const).map((kind) =>
    fc.record({ kind: fc.constant(kind), hold: level, rollback: level }),
  ),
  fc.record({ kind: fc.constant("zero_tolerance" as const), maximumRate: level }),
);

const evidence = (metric: string): fc.Arbitrary<MetricEvidence> =>
  fc
    .array(
      fc.record({
        propensityBps: fc.constantFrom(0, 1, 100, 1_000, 5_000, 9_999, 10_000),
        baseline: cell,
        candidate: cell,
        pairs,
      }),
      { minLength: 0, maxLength: 3 },
    )
    .map((strata) => ({
      metric,
      slice: "*",
      strata: strata.map((stratum, stageIndex) => ({ stageIndex, ...stratum })),
    }));

const judged = fc.constantFrom(...METRIC_CATALOGUE).chain(({ name }) =>
  fc.record({
    name: fc.constant(name),
    comparison,
    evidence: evidence(name),
    nextShareBps: fc.constantFrom(1, 1_000, 10_000),
  }),
);

describe("a gate's report", () => {
  it("holds no number that JSON cannot, whatever the criterion and the evidence", () => {
    fc.assert(
      fc.property(judged, ({ name, nextShareBps, ...of }) => {
        const input = gateInput({
          criteria: [criterion(name, of.comparison)],
          nextShareBps,
          evidence: [of.evidence],
          exposures: of.evidence.strata.map(({ stageIndex, propensityBps }) =>
            exposure({ stageIndex, propensityBps, baseline: 2 ** 40, candidate: 3, pairs: 1 }),
          ),
        });
        const report = assessGate(input) as unknown as Json;
        expect(canonicalJson(JSON.parse(JSON.stringify(report)) as Json)).toBe(
          canonicalJson(report),
        );
      }),
      { numRuns: 1_500 },
    );
  });

  it("has the verdict that its rows come to, which are judged after it", () => {
    fc.assert(
      fc.property(fc.array(judged, { minLength: 1, maxLength: 4 }), fc.nat(4), (of, decisive) => {
        const criteria = of.map(({ name, comparison: against }, index) => ({
          ...criterion(name, against),
          id: `${name}-${index}`,
        }));
        const review = criteria.slice(decisive);
        const report = assessGate(
          gateInput({
            criteria: criteria.slice(0, decisive),
            nextShareBps: 1_000,
            evidence: of.map((each) => each.evidence),
            exposures: [exposure({ stageIndex: 0, baseline: 900, candidate: 100 })],
          }),
          review,
        );
        const { verdict, culprit } = report;
        const failed = report.verdicts.filter((row) => row.verdict === "fail");
        expect(review.filter(({ id }) => failed.some((row) => row.criterionId === id))).toEqual([]);
        const kinds = report.verdicts.map((row) => row.verdict);
        if (kinds.includes("fail")) expect(verdict).toBe("fail");
        else if (kinds.includes("hold") || report.warnings.some(isInvalidating)) {
          expect(verdict).toBe("hold");
        } else
          expect(verdict).toBe(kinds.every((kind) => kind === "pass") ? "pass" : "inconclusive");
        if (verdict === "hold" && kinds[0] === "hold") expect(culprit).toEqual(report.verdicts[0]);
        if (verdict === "fail") expect(report.verdicts).toContainEqual(culprit);
        if (kinds[0] !== "hold" && kinds[0] !== "fail") expect(culprit).toBeNull();
        if (verdict === "inconclusive") {
          expect(report.open.some(({ sentence }) => report.sentence.endsWith(sentence))).toBe(true);
        }
        expect(report.open.map((row) => row.verdict)).toEqual(
          kinds.filter((kind) => kind !== "pass"),
        );
      }),
      { numRuns: 300 },
    );
  });
});
