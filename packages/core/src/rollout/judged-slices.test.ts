import { describe, expect, it } from "vitest";
import { evidenceOf, rate, stratum } from "../gate/testing/builders.ts";
import { frozenSlices, judgedSlices } from "./judged-slices.ts";

const strata = [stratum({ propensityBps: 5_000, candidate: rate(1, 10), baseline: rate(1, 10) })];
const of = (...slices: readonly string[]) => ({
  metrics: slices.map((slice) => evidenceOf("edit_rate", strata, slice)),
  exposures: [],
});

describe("judgedSlices", () => {
  it("judges values that nobody knew of together, so that a client cannot add rows", () => {
    const invented = Array.from({ length: 200 }, (_, index) => `tenant=x${index}`);
    const judged = judgedSlices(of("*", "tenant=north", ...invented), [
      "tenant=north",
      "tenant=other",
    ]);
    expect(judged.slices).toEqual(["tenant=north", "tenant=other"]);
    expect(judged.slots).toBe(2);
    const others = judged.evidence.metrics.filter(({ slice }) => slice === "tenant=other");
    expect(others).toHaveLength(200);
  });

  it("leaves evidence as it is when all of it was known", () => {
    const evidence = of("*", "tenant=north");
    expect(judgedSlices(evidence, ["tenant=north", "tenant=other"]).evidence).toBe(evidence);
  });

  it("judges none where none was frozen, whichever turn up", () => {
    const judged = judgedSlices(of("*", "tenant=a", "tenant=b"), undefined);
    expect(judged.slices).toEqual([]);
    expect(judged.slots).toBe(0);
    expect(judged.evidence.metrics.map(({ slice }) => slice)).toEqual(["*"]);
  });
});

describe("frozenSlices", () => {
  it("keeps one place for all values of an attribute of which nothing is known", () => {
    expect(frozenSlices(["tenant"], [])).toEqual(["tenant=other"]);
  });

  it("keeps the first of many and one place for the rest of each attribute", () => {
    const many = Array.from({ length: 80 }, (_, index) => `tenant=t${index}`);
    const frozen = frozenSlices(["tenant", "language"], many);
    expect(frozen).toHaveLength(50);
    expect(frozen.slice(-2)).toEqual(["tenant=other", "language=other"]);
    expect(frozen).toContain("tenant=t47");
  });
});
