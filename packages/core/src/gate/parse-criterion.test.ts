import { describe, expect, it } from "vitest";
import { METRIC_CATALOGUE } from "./metric-catalogue.ts";
import { parseCriteria } from "./parse-criterion.ts";

function parsed(source: unknown) {
  const result = parseCriteria(source, METRIC_CATALOGUE);
  if (result.kind === "problems") throw new Error(JSON.stringify(result.problems));
  return result.criteria;
}

function problems(source: unknown): readonly string[] {
  const result = parseCriteria(source, METRIC_CATALOGUE);
  return result.kind === "problems" ? result.problems.map((p) => `${p.path}: ${p.message}`) : [];
}

describe("parseCriteria", () => {
  it.each([
    [
      "quality",
      { hold: "-5%", rollback: "-10%" },
      { kind: "relative", hold: 0.05, rollback: 0.1, margin: 0.05 },
    ],
    ["quality", { rollback: "-10%" }, { kind: "relative", hold: 0.05, rollback: 0.1 }],
    ["edit_rate", { rollback: "+2pp" }, { kind: "difference", hold: 0.01, rollback: 0.02 }],
    ["correction_rate", { rollback: "1.5x" }, { kind: "ratio", hold: 1.25, rollback: 1.5 }],
    ["latency_p95", { limit: "2.5s" }, { kind: "limit", hold: null, rollback: 2500 }],
    ["cost_per_call", { limit: "$0.02" }, { kind: "limit", hold: null, rollback: 0.02 }],
    ["cost_per_call", { limit: 0.02 }, { kind: "limit", hold: null, rollback: 0.02 }],
    ["error_rate", { limit: "5%", hold: "3%" }, { kind: "limit", hold: 0.03, rollback: 0.05 }],
    ["harmful_content", { tolerance: "zero" }, { kind: "zero_tolerance", maximumRate: 0.005 }],
    [
      "harmful_content",
      { tolerance: "zero", maximum_rate: "0.1%" },
      { kind: "zero_tolerance", maximumRate: 0.001 },
    ],
    ["confidence", { rollback: "-0.05" }, { kind: "difference", hold: 0.025, rollback: 0.05 }],
    ["confidence", { rollback: -0.05 }, { kind: "difference", hold: 0.025, rollback: 0.05 }],
    ["cost_per_call", { rollback: "+10%" }, { kind: "relative", hold: 0.05, rollback: 0.1 }],
  ])("reads %s: %j", (name, source, comparison) => {
    const [criterion] = parsed({ [name]: source });
    expect(criterion?.metric).toBe(name);
    expect(JSON.parse(JSON.stringify(criterion?.comparison), round)).toEqual(comparison);
  });

  it("fills in what is not given, and silence holds", () => {
    expect(parsed({ quality: { rollback: "-10%" } })[0]).toMatchObject({
      id: "quality",
      withinSeconds: null,
      perSlice: true,
      onInconclusive: "hold",
      onNoData: "hold",
      onError: "hold",
    });
    expect(parsed({ error_rate: { limit: "5%" } })[0]?.perSlice).toBe(false);
    expect(parsed({ harmful_content: { tolerance: "zero", slices: true } })[0]?.perSlice).toBe(
      true,
    );
  });

  it("reads a window, an action and a metric used twice", () => {
    const source = { rollback: "+2pp", within: "24h", on_no_data: "rollback", metric: "edit_rate" };
    expect(parsed({ early_edits: source })[0]).toMatchObject({
      id: "early_edits",
      metric: "edit_rate",
      withinSeconds: 86_400,
      onNoData: "rollback",
    });
  });

  it.each([
    ["a list", [], "gate: Found []"],
    ["no threshold", { quality: {} }, "gate.quality: It has no threshold"],
    ["a hold level alone", { quality: { hold: "-5%" } }, "It has no threshold"],
    ["two thresholds", { error_rate: { limit: "5%", rollback: "2x" } }, "limit. Wanted only one"],
    ["an improvement", { quality: { rollback: "+10%" } }, "is an improvement"],
    ["a missing sign", { quality: { rollback: "10%" } }, `{ rollback: "-10%" }`],
    ["a fall of what should fall", { edit_rate: { rollback: "-2pp" } }, "is an improvement"],
    ["no change", { edit_rate: { rollback: "0pp" } }, "is no change"],
    ["hold beyond rollback", { quality: { hold: "-20%", rollback: "-10%" } }, "gate.quality.hold"],
    ["hold beyond a limit", { error_rate: { hold: "6%", limit: "5%" } }, "Wanted a smaller value"],
    ["mixed notations", { edit_rate: { hold: "5%", rollback: "2pp" } }, "written alike"],
    ["an unknown key", { quality: { rolback: "-10%" } }, `Unknown key "rolback"`],
    ["an unknown metric", { quallity: { rollback: "-1%" } }, `Unknown metric "quallity"`],
    ["a bad unit", { latency_p95: { limit: "$3" } }, `Found "$3". Wanted a level in ms`],
    ["a bad number", { quality: { rollback: "ten" } }, `Found "ten"`],
    ["a limit out of range", { error_rate: { limit: "120%" } }, "between 0 and 1"],
    ["a factor of what should be high", { quality: { rollback: "0.5x" } }, "relative fall"],
    ["a factor below 1", { edit_rate: { rollback: "0.5x" } }, "above 1"],
    ["a fall of everything", { quality: { rollback: "-100%" } }, "never be crossed"],
    ["a bad window", { edit_rate: { rollback: "2x", within: "soon" } }, "gate.edit_rate.within"],
    ["a pass on doubt", { edit_rate: { rollback: "2x", on_error: "pass" } }, "doubt never passes"],
    ["zero tolerance of a score", { quality: { tolerance: "zero" } }, "not an event"],
    ["some tolerance", { harmful_content: { tolerance: "low" } }, `Wanted "zero"`],
    ["bad slices", { edit_rate: { rollback: "2x", slices: "yes" } }, "true or false"],
  ])("refuses %s", (_, source, message) => {
    const found = problems(source);
    expect(found.join("\n")).toContain(message);
  });

  it.each([
    [
      "edit_rate",
      { rollback: "+2pp", within: "24h" },
      { withinSeconds: 86_400, overSeconds: null },
    ],
    ["error_rate", { limit: "5%", over: "15m" }, { withinSeconds: null, overSeconds: 900 }],
    ["confidence", { rollback: "-0.05", over: "4h" }, { withinSeconds: null, overSeconds: 14_400 }],
    ["quality", { rollback: "-10%" }, { withinSeconds: null, overSeconds: null }],
  ])("reads over which time %s counts: %o", (metric, source, times) => {
    expect(parsed({ [metric]: source })[0]).toMatchObject(times);
  });

  it.each([
    [{ rollback: "+2pp", over: "30s" }, "gate.edit_rate.over"],
    [{ rollback: "+2pp", within: "0h" }, "gate.edit_rate.within"],
    [{ rollback: "+2pp", within: 24 }, "Wanted a duration"],
  ])("refuses a time that is none: %o", (source, message) => {
    expect(problems({ edit_rate: source }).join("\n")).toContain(message);
  });

  it("reports all problems together", () => {
    expect(
      problems({ quality: {}, nothing: {}, edit_rate: { rollback: "-1pp", x: 1 } }),
    ).toHaveLength(4);
  });
});

function round(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Math.round(value * 1e9) / 1e9 : value;
}
