import { describe, expect, it } from "vitest";
import type { Comparison } from "./criterion.ts";
import type { EvidenceCell } from "./evidence.ts";
import { criterion, evidenceOf, gate, seededRandom, stratum } from "./testing/builders.ts";
import { UNIT_BUCKETS } from "./unit-bucket.ts";

type FailingUsers = {
  readonly candidate: number;
  readonly requestsEach: number;
  /** Share of the users of each arm of whom every request fails; of the others none does. */
  readonly failing: { readonly candidate: number; readonly baseline: number };
};

const SHARE_BPS = 2_500;

/** Users of whom all requests fail or none: the least that a number of requests can say. */
function failingUsers({ candidate, requestsEach, failing }: FailingUsers, seed: number) {
  const random = seededRandom(seed);
  const arm = (users: number, share: number): EvidenceCell => {
    const bins: Record<string, number> = {};
    const units: Record<string, number> = {};
    for (let user = 0; user < users; user += 1) {
      const bin = random() < share ? "100" : "0";
      const key = `${Math.floor(random() * UNIT_BUCKETS)}:${bin}`;
      bins[bin] = (bins[bin] ?? 0) + requestsEach;
      units[key] = (units[key] ?? 0) + requestsEach;
    }
    return { bins, units };
  };
  return stratum({
    stageIndex: 1,
    propensityBps: SHARE_BPS,
    candidate: arm(candidate, failing.candidate),
    baseline: arm(candidate * 3, failing.baseline),
  });
}

function logSafety(comparison: Comparison, users: FailingUsers, seed = 1, metric = "error_rate") {
  const report = gate({
    criteria: [criterion(metric, comparison)],
    evidence: [evidenceOf(metric, [failingUsers(users, seed)])],
  });
  return report.verdicts[0]?.logSafety ?? Number.NaN;
}

/** Odds of the two proofs that a rollback needs, at their thresholds. */
function isTakenBack(comparison: Comparison, users: FailingUsers): boolean {
  return (
    gate({
      criteria: [criterion("error_rate", comparison)],
      evidence: [evidenceOf("error_rate", [failingUsers(users, 1)])],
    }).verdict === "fail"
  );
}

const ENOUGH = Math.log(20);
const LIMIT: Comparison = { kind: "limit", hold: 0.04, rollback: 0.05 };
const POINTS: Comparison = { kind: "difference", hold: 0.02, rollback: 0.05 };

describe("a candidate of returning users that shows hardly any events", () => {
  const spotless = { requestsEach: 10, failing: { candidate: 0, baseline: 0 } };

  it("is proven safe without a single event, against a limit and against the baseline", () => {
    const users = { ...spotless, candidate: 400 };
    expect(logSafety(LIMIT, users)).toBeGreaterThan(ENOUGH);
    expect(logSafety(POINTS, users)).toBeGreaterThan(ENOUGH);
  });

  it("is not, by a few users however much they ask", () => {
    const users = { ...spotless, candidate: 60, requestsEach: 1_000 };
    expect(logSafety(LIMIT, users)).toBeLessThan(ENOUGH);
    expect(logSafety(POINTS, users)).toBeLessThan(ENOUGH);
  });

  it("is not against a ratio of a baseline that shows none either: nothing says of what", () => {
    const twice: Comparison = { kind: "ratio", hold: 1.5, rollback: 2 };
    expect(logSafety(twice, { ...spotless, candidate: 4_000 })).toBeLessThan(ENOUGH);
  });

  it("is against a ratio of events that the baseline does show", () => {
    const twice: Comparison = { kind: "ratio", hold: 1.5, rollback: 2 };
    const users = { candidate: 2_000, requestsEach: 2, failing: { candidate: 0, baseline: 0.02 } };
    expect(logSafety(twice, users)).toBeGreaterThan(ENOUGH);
  });

  it("is by what is almost always right, where a miss is the event", () => {
    const fall: Comparison = { kind: "difference", hold: 0.02, rollback: 0.05 };
    const users = { candidate: 400, requestsEach: 10, failing: { candidate: 1, baseline: 1 } };
    expect(logSafety(fall, users, 1, "format_valid")).toBeGreaterThan(ENOUGH);
  });
});

describe("a candidate that fails, beside a baseline that hardly does", () => {
  const RATIO: Comparison = { kind: "ratio", hold: 1.5, rollback: 2 };
  it.each<[string, FailingUsers["failing"]]>([
    ["always, beside one in a hundred", { candidate: 1, baseline: 0.01 }],
    ["always, beside never", { candidate: 1, baseline: 0 }],
    ["for half of the users, beside never", { candidate: 0.5, baseline: 0 }],
  ])("is taken back: %s", (_name, failing) => {
    const users = { candidate: 400, requestsEach: 10, failing };
    expect(isTakenBack(LIMIT, users)).toBe(true);
    expect(isTakenBack(POINTS, users)).toBe(true);
    expect(isTakenBack(RATIO, users)).toBe(true);
  });

  it("is not, where both fail alike", () => {
    const failing = { candidate: 1, baseline: 1 };
    const users = { candidate: 200, requestsEach: 10, failing };
    expect(isTakenBack(POINTS, users)).toBe(false);
    expect(isTakenBack(RATIO, users)).toBe(false);
    expect(isTakenBack(LIMIT, users)).toBe(false);
  });
});

it("harmed exactly at the margin, it is taken for safe at most one time in twenty (seeded)", () => {
  const runs = 150;
  const looks = [60, 80, 110, 150, 200, 270, 360, 480, 640];
  for (const comparison of [LIMIT, POINTS]) {
    let wrong = 0;
    for (let seed = 1; seed <= runs; seed += 1) {
      const failing = { candidate: 0.05, baseline: 0 };
      const isWrong = looks.some(
        (candidate) =>
          logSafety(comparison, { candidate, requestsEach: 10, failing }, seed) >= ENOUGH,
      );
      if (isWrong) wrong += 1;
    }
    expect(wrong / runs).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / runs));
  }
});
