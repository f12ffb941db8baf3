import { describe, expect, it } from "vitest";
import { baselineProblems } from "./baseline-problems.ts";
import { findMetric, METRIC_CATALOGUE } from "./metric-catalogue.ts";
import type { MetricDefinition } from "./metric.ts";
import { parseCriteria } from "./parse-criterion.ts";

const problemsOf = (gate: unknown, metrics: readonly MetricDefinition[]) => {
  const parsed = parseCriteria(gate, METRIC_CATALOGUE);
  return parsed.kind === "problems" ? parsed.problems : baselineProblems(parsed.criteria, metrics);
};

const at = (name: string, value: number): MetricDefinition => ({
  ...findMetric(name)!,
  expected: { value },
});

describe("a rollback level that no candidate can reach", () => {
  it.each([
    [
      { edit_rate: { rollback: "+99pp" } },
      at("edit_rate", 0.15),
      "Found a level of 99 points with the baseline at 15%: that is 114%, which can never be reached. Wanted less than 85 points.",
    ],
    [
      { edit_rate: { rollback: "2x" } },
      at("edit_rate", 0.6),
      "Found a level of 2 times the baseline with the baseline at 60%: that is 120%, which can never be reached. Wanted less than 1.67 times the baseline.",
    ],
    [
      { quality_sla: { rollback: "-40pp" } },
      at("quality_sla", 0.3),
      "Found a level of 40 points with the baseline at 30%: that is -10%, which can never be reached. Wanted less than 30 points.",
    ],
  ])("%j is refused where the baseline is known", (gate, metric, message) => {
    const [id] = Object.keys(gate);
    expect(problemsOf(gate, [metric])).toEqual([{ path: `gate.${id}.rollback`, message }]);
  });

  it.each([
    [{ edit_rate: { rollback: "+85pp" } }, at("edit_rate", 0.15)],
    [{ edit_rate: { rollback: "+99pp" } }, findMetric("edit_rate")!],
    [{ latency_p95: { rollback: "+900%" } }, at("latency_p95", 900)],
    [{ quality: { rollback: "-90%" } }, at("quality", 0.8)],
  ])("%j is not refused: there is room, or no end, or a guess only", (gate, metric) => {
    expect(problemsOf(gate, [metric])).toEqual([]);
  });

  it.each(["+100pp", "+250pp"])("%s is refused whatever the baseline shows", (rollback) => {
    const [problem] = problemsOf({ edit_rate: { rollback } }, METRIC_CATALOGUE);
    expect(problem?.message).toBe(
      `Found "${rollback}", which can never be crossed. Wanted less than 100pp, and no more than the baseline leaves room for.`,
    );
  });
});
