import { describe, expect, it } from "vitest";
import { binOfValue } from "./bins.ts";
import type { Comparison } from "./criterion.ts";
import { findMetric } from "./metric-catalogue.ts";
import { criterion, evidenceOf, gate, stratum } from "./testing/builders.ts";
import type { Verdict } from "./verdict.ts";

const P95 = findMetric("latency_p95")!;
const N = 5_000;
const FAST = 500;

/** So many per thousand of the candidate's answers take `slow` ms, the others and the baseline's 500. */
function verdictOf(
  slow: { readonly ms: number; readonly perMille: number },
  hold: number | null,
): Verdict {
  const comparison: Comparison = { kind: "limit", hold, rollback: 2_500 };
  const fast = binOfValue(P95, FAST)!;
  const slowCount = (N * slow.perMille) / 1_000;
  const candidate = {
    bins: { [fast]: N - slowCount, [binOfValue(P95, slow.ms)!]: slowCount },
  };
  const strata = [
    stratum({ stageIndex: 1, propensityBps: 5_000, baseline: { bins: { [fast]: N } }, candidate }),
  ];
  return gate({
    criteria: [criterion("latency_p95", comparison)],
    evidence: [evidenceOf("latency_p95", strata)],
  }).verdicts[0]!;
}

const NEEDED = Math.log(5);

describe("a written hold level of a quantile's limit", () => {
  it("is passed by values above it, though none is above the limit", () => {
    const verdict = verdictOf({ ms: 2_200, perMille: 100 }, 2_000);
    expect(verdict.candidateMean).toBeGreaterThan(2_000);
    expect(verdict.logBlock).toBeGreaterThan(NEEDED);
    expect(verdict.verdict).toBe("hold");
  });

  it("is kept while fewer than the quantile allows are above it, however far", () => {
    const verdict = verdictOf({ ms: 9_000, perMille: 48 }, 2_000);
    expect(verdict.candidateMean).toBeLessThan(2_000);
    expect(verdict.logBlock).toBeLessThan(0);
  });

  it("stays a share of the limit's own exceedances where the policy leaves it open", () => {
    expect(verdictOf({ ms: 2_200, perMille: 100 }, null).logBlock).toBeLessThan(0);
    expect(verdictOf({ ms: 9_000, perMille: 48 }, null).logBlock).toBeGreaterThan(NEEDED);
  });
});
